/**
 * The edge between the browser, which counts UTF-16 units, and the desk, which counts Unicode code
 * points. Nothing behind this module knows UTF-16.
 */

/** A text whose offsets can be turned from one count into the other. */
export class CodePointText {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    // units[i] is where code point i begins, in UTF-16; one more entry stands for the end.
    this.units = [];
    for (let unit = 0; unit < text.length; unit += text.codePointAt(unit) > 0xffff ? 2 : 1) {
      this.units.push(unit);
    }
    this.units.push(text.length);
  }

  /** Number of code points. */
  get length() {
    return this.units.length - 1;
  }

  /** The UTF-16 offset at which code point `index` begins. */
  toUnit(index) {
    return this.units[Math.max(0, Math.min(index, this.length))];
  }

  /** The code point that `unit` lies in; the half of a surrogate pair counts as its beginning. */
  fromUnit(unit) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.units[middle] <= unit) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The text of the half-open stretch of code points [start, end). */
  slice(start, end) {
    return this.text.slice(this.toUnit(start), this.toUnit(end));
  }
}
