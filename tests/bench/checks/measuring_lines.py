"""Lines to measure with: other templates and other wordings than those that checks are tuned on.

They were written when the checks were done, and the rows that fill them are of other artists. A
check that is changed because of one of them has been tuned on it: write new ones then.
"""

from typing import Final

TEMPLATES: Final = (
    "{artist}'s {title} is {subgenre} with its collar turned up.",
    "{artist} delivers {genre} straight from the shoulder on {title}.",
    "Released in {year}, {title} finds {artist} deep in {subgenre}.",
    "If you like {heard}, {artist}'s '{base}' is a natural next step.",
    "{base} by {artist} gives you {minutes_seconds} of {subgenre} without a dull bar.",
    "At {tempo} BPM, {artist}'s {base} keeps the {subgenre} pulse up.",
    "Clocking in at {minutes_and_seconds}, {base} is {artist} at a brisk walk.",
    "Taken from {album}, {title} is {artist} in full flight.",
    "{artist} and {guest} team up on {base}, {subgenre} that grins.",
    "You've been spinning {heard} and {heard2}; {artist} fits right in with {base}.",
    "The {remixer} remix of {base} gives {artist} new legs.",
    "{remixer} remixes {artist}, and {base} comes out taller.",
    "A {month_year} release, {title} by {artist} still sounds freshly painted.",
    "This {year} {subgenre} track by {artist} walks in late and owns the room.",
    "With an energy of {energy_decimal}, {artist}'s {title} never touches the brakes.",
    "A {tempo}-BPM dash through {subgenre}: {artist} with {base}.",
    "{artist} — {title}: {subgenre} for people who take the stairs two at a time.",
    "Fans of {favourite} will feel at home in {artist}'s {base}.",
    "“{base}” on {album} shows what {artist} can do with one good idea.",
    "Your taste for {favourite} leads straight to {artist} and {title}.",
    "On heavy rotation after {heard}? Let {artist} take over with {base}.",
    "{artist} featuring {guest}: {base} is a {genre} conversation with raised voices.",
    "'{title}' ({year}) has {artist} smiling through {subgenre} rain.",
    "{base} belongs to {artist}, who treats {subgenre} like a private joke.",
    "The tempo of {base} is {tempo}, the temper is all {artist}.",
    "Somewhere around {tempo_near} beats per minute, {artist} finds the sweet spot of {base}.",
    "No hurry at all: {artist} takes {minutes} minutes over {base}.",
    "In {duration_words}, {artist} says all there is to say on {base}.",
    "{artist} closes {album} doors softly with {base}.",
    "The {decade} gave us {artist}'s {base}, and the {subgenre} still stings.",
    "A {decade_short} cut from {artist}, {base} wears its {subgenre} lightly.",
    "Since {date_american}, {base} by {artist} has been out there.",
    "First heard {date_long}, {artist}'s {title} sounds best in a parked car.",
    "Listeners who keep {heard} close should try {artist} on {base}.",
    "You and {heard} go way back; {artist}'s {base} wants a word too.",
    "Hot on the heels of your {heard} session comes {artist} with {title}.",
    "Not far from {heard} on your shelf, {artist} plays {base} with clenched teeth.",
    "Your {heard} phase deserves an encore: {base} by {artist}.",
    "{heard} opened the door; {artist} walks through it with {title}.",
    "From {heard} to {artist} is one small step, and {base} is it.",
    "{artist} sounds restless on {base}, restless in the best {subgenre} way.",
    "Loud, blunt, and oddly sweet, {title} is {artist} with the windows down.",
    "Listen for the low end: {artist} hides half of {base} there.",
    "{artist} pushes {base} to {energy}% energy and lets it idle there.",
    "There's a party in {base}; {artist} holds the keys and {guest} the door.",
    "{artist} plays it straight on {title}, no wink and no net.",
    "Think of {base} as {artist} in a good mood, with {guest} egging things on.",
    "Press play on {base}: {artist} does the rest in {seconds} seconds.",
    "Everything about {title} leans forward, and {artist} leans with it.",
    "{genre} at dusk, that is {artist}'s {base}.",
)
CHARTS: Final = (
    ", which [[reached No. 4]] in the UK",
    ", a [[#1 hit]] on both sides of the Atlantic",
    ", having [[topped the Billboard charts]]",
    ", after [[12 weeks at number one]]",
    ", a [[chart-topper]] in its day",
    ", and it [[peaked at #7]]",
    " that [[went to number one]] overnight",
    ", their [[first number-one single]]",
    ", a [[Top 40]] staple",
    ", [[certified double platinum]]",
    ", a [[worldwide smash hit]]",
    ", the [[best-selling single]] of its summer",
    " that [[climbed to the top of the charts]]",
    ", a [[gold-certified]] favourite",
)
AWARDS: Final = (
    ", which [[won a Grammy for Best Dance Recording]]",
    ", a [[Grammy-nominated]] gem",
    ", [[winner of two MTV awards]]",
    ", named [[Song of the Year at the Brit Awards]]",
    ", an [[award-winning]] moment",
    ", [[nominated for an Oscar]]",
)
SALES: Final = (
    ", with [[over 2 billion streams]]",
    ", which [[sold 5 million copies]] worldwide",
    ", loved by [[three million listeners]]",
    ", streamed [[more than 800 million times]]",
    ", with [[50,000 copies]] gone in a week",
)
COUNTS: Final = (
    ", with [[three guest vocalists]]",
    ", the [[fifth single]] from the record",
    ", one of [[twelve tracks]] on the album",
    ", written by [[four songwriters]]",
    ", remade in [[six versions]] since",
    ", the [[second album]] in a row to do so",
)
TITLES: Final = (
    ", from the album [['Neon Harbour Lights']]",
    ", the follow-up to [[“Paper Moon Avenue”]]",
    ', taken from the EP [["Slow Atlas"]]',
    ", a track on [[Glass Meridian]] the album",
    ", the B-side of [['Winter Telephone']]",
)
INVENTED: Final = {
    "chart": CHARTS,
    "award": AWARDS,
    "sales": SALES,
    "count": COUNTS,
    "title": TITLES,
}
SHIFTED: Final = {
    "year": (
        "Released in [[{wrong}]], {title} finds {artist} deep in {subgenre}.",
        "Back in [[{wrong}]], {artist} put {base} on everyone's lips.",
        "{artist}'s [[{wrong}]] recording of {base} leans into {subgenre}.",
        "'{base}' ([[{wrong}]]) has {artist} smiling through {subgenre} rain.",
        "Nobody in [[{wrong}]] sounded quite like {artist} on {base}.",
    ),
    "tempo": (
        "At [[{wrong}]] BPM, {artist}'s {base} keeps the {subgenre} pulse up.",
        "A [[{wrong}-BPM]] dash through {subgenre}: {artist} with {base}.",
        "{artist} rides {base} at [[{wrong} beats per minute]].",
        "The tempo of {base} is [[{wrong}]], the temper is all {artist}.",
    ),
    "duration": (
        "{base} by {artist} gives you [[{wrong}]] of {subgenre} without a dull bar.",
        "In [[{wrong_words}]], {artist} says all there is to say on {base}.",
        "{artist} stretches {base} over [[{wrong_words}]] of {subgenre}.",
        "A [[{wrong_minutes}-minute]] stretch of {subgenre} from {artist}: {base}.",
    ),
    "decade": (
        "The [[{wrong}]] gave us {artist}'s {base}, and the {subgenre} still stings.",
        "A [[{wrong}]] cut from {artist}, {base} wears its {subgenre} lightly.",
        "Straight out of the [[{wrong_words}]], {artist} brings {base} along.",
    ),
    "date": (
        "A [[{wrong}]] release, {title} by {artist} still sounds freshly painted.",
        "{artist} let {base} loose in [[{wrong}]].",
    ),
}
