/** The page of a draft: its facts, words and assertions light each other up. */

import { Links } from "./links.js";

for (const root of document.querySelectorAll("[data-links]")) new Links(root);
