// The body of a function: it is given the texts of the other language, and what takes the answer.
const foreign = new Set(arguments[0]);
const answer = arguments[1];
const faults = [];
const named = (one) => {
    const id = one.closest("[data-testid]")?.dataset.testid ?? "";
    const text = (one.innerText || one.value || one.ariaLabel || "").replaceAll("\n", " ");
    return `<${one.tagName.toLowerCase()} in ${id}> ${text.slice(0, 50)}`;
};
const shown = (one) =>
    one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    !one.closest(".sr-only, option, script, style, noscript, #moving-pixel");

// ---- words -----------------------------------------------------------------------------------------

/** A key instead of its text, a hole that nobody filled in, or the other language. */
function wrongWords(text) {
    if (/^[a-z]\w*(\.\w+)+$/i.test(text) && !/^\d|\.(csv|zip|db|com|png)$/.test(text)) return "key";
    if (/\{\w+\}|\bundefined\b|\bNaN\b|\[object|\bnull\b/.test(text)) return "hole";
    return foreign.has(text) ? "other language" : "";
}

function readOut(one) {
    for (const name of ["aria-label", "placeholder", "title"]) {
        const text = one.getAttribute(name)?.trim() ?? "";
        const wrong = wrongWords(text);
        if (wrong) faults.push(`${wrong}: ${name} of ${named(one)}: ${text}`);
    }
}

// ---- boxes -----------------------------------------------------------------------------------------

const clips = (overflow) => overflow !== "visible";
const scrolls = (overflow) => overflow === "auto" || overflow === "scroll";
/** What is drawn as a box of its own: a text stays inside of it. */
function drawn(style) {
    const edges = ["Top", "Right", "Bottom", "Left"];
    return (
        edges.filter((edge) => parseFloat(style[`border${edge}Width`]) > 0).length === 4 ||
        !/^(transparent|rgba\(0, 0, 0, 0\))$/.test(style.backgroundColor)
    );
}

/** Where a text stands beyond what holds it; what of it is in sight. */
function follow(node, box, text) {
    const sight = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
    let scrolled = false;
    let boxed = false;
    for (let one = node.parentElement; one && one !== document.documentElement; one = one.parentElement) {
        const style = getComputedStyle(one);
        const edge = one.getBoundingClientRect();
        const [x, y] = [style.overflowX, style.overflowY];
        const beside = box.right > edge.right + 1 || box.left < edge.left - 1;
        // Letters are lower than their line.
        const rim = parseFloat(getComputedStyle(node.parentElement).fontSize) * 0.09 + 2;
        const beyond = box.bottom > edge.bottom + rim || box.top < edge.top - rim;
        if (style.display !== "inline" && clips(x)) {
            const dotted = style.textOverflow === "ellipsis";
            if (beside && !dotted && !one.closest("[data-may-scroll]")) {
                faults.push(`cut at its side: ${text} by ${named(one)}`);
            }
            if (dotted && beside) return null;
            sight.left = Math.max(sight.left, edge.left);
            sight.right = Math.min(sight.right, edge.right);
        }
        if (style.display !== "inline" && clips(y)) {
            if (beyond && !scrolls(y) && !scrolled) faults.push(`cut above or below: ${text}`);
            scrolled ||= scrolls(y);
            sight.top = Math.max(sight.top, edge.top);
            sight.bottom = Math.min(sight.bottom, edge.bottom);
        }
        if (!boxed && one.tagName !== "BODY" && drawn(style)) {
            boxed = true;
            if (beside || (beyond && !scrolled)) faults.push(`out of its box: ${text} in ${named(one)}`);
        }
        if (style.position === "fixed") break;
    }
    if (box.right > innerWidth + 1 || box.left < -1) faults.push(`beyond the window: ${text}`);
    return sight;
}

/** Layers that lie over the page for a while, as they should. */
const layerOf = (one) => one.closest("[role=dialog], [data-testid=toast], [role=listbox]");

const lines = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const node = walker.currentNode;
    const text = node.data.trim();
    // A language is called by its own name.
    if (!text || !shown(node.parentElement) || node.parentElement.closest("button[lang]")) continue;
    const wrong = wrongWords(text);
    if (wrong) faults.push(`${wrong}: ${text}`);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    // Far down a list it is as it is at its top.
    if (box.width < 1 || box.top > 2 * innerHeight) continue;
    const sight = follow(node, box, text.slice(0, 60));
    if (!sight) continue;
    for (const line of range.getClientRects()) {
        // Letters are lower than their line.
        const rim = line.height * 0.2;
        lines.push({
            text,
            parent: node.parentElement,
            left: Math.max(line.left, sight.left),
            right: Math.min(line.right, sight.right),
            top: Math.max(line.top + rim, sight.top),
            bottom: Math.min(line.bottom - rim, sight.bottom),
        });
    }
}
lines.forEach((one, place) => {
    for (const other of lines.slice(place + 1)) {
        const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        if (wide < 2 || high < 2 || layerOf(one.parent) !== layerOf(other.parent)) continue;
        faults.push(`over each other: ${one.text.slice(0, 40)} / ${other.text.slice(0, 40)}`);
    }
});

// ---- what is scrolled to the side, and what stands in a box ------------------------------------------

const pen = document.createElement("canvas").getContext("2d");
function widthOf(text, style) {
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return pen.measureText(text).width;
}

for (const one of document.querySelectorAll("body *")) {
    if (one.closest("svg") || one.getBoundingClientRect().top > 2 * innerHeight || !shown(one)) continue;
    readOut(one);
    const style = getComputedStyle(one);
    if (scrolls(style.overflowX) && one.scrollWidth > one.clientWidth + 1 && !one.closest("[data-may-scroll]")) {
        faults.push(`scrolls to the side by ${one.scrollWidth - one.clientWidth}: ${named(one)}`);
    }
    const said = one.tagName === "SELECT" ? one.selectedOptions[0]?.text : one.placeholder;
    if (said) {
        const room = one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        const wide = widthOf(said, style);
        if (wide > room + 1) faults.push(`too long for its box by ${Math.ceil(wide - room)}: ${said}`);
    }
    // No ellipsis where the words are the window's own and nobody reads them anywhere else.
    if (
        style.textOverflow === "ellipsis" &&
        one.scrollWidth > one.clientWidth + 1 &&
        (one.closest("button, label, h1, h2") || one.tagName === "STRONG")
    ) {
        faults.push(`shortened: ${named(one)}`);
    }
}
if (document.documentElement.scrollWidth > innerWidth) faults.push("the window scrolls to the side");

// ---- what is pressed ----------------------------------------------------------------------------------

const PRESSED = "button, select, input, textarea, a[href], [role=tab], [role=switch], [tabindex='0']";
const layers = [...document.querySelectorAll("[role=dialog]")];
const pressed = [...document.querySelectorAll(PRESSED)].filter(
    (one) => shown(one) && !one.disabled && (layers.length === 0 || layers.some((it) => it.contains(one))),
);
for (const one of pressed) {
    const whole = one.type === "checkbox" ? one.closest("label") : null;
    const box = (whole ?? one).getBoundingClientRect();
    if (box.height < 43.5 && !one.matches("[role=switch]") && !one.closest("footer")) {
        faults.push(`low, ${Math.round(box.height)}: ${named(one)}`);
    }
}

// ---- what has the focus lies in sight -------------------------------------------------------------------

function hidden(one) {
    const box = one.getBoundingClientRect();
    const [across, down] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const points = [[across, down], [across, box.top + 2], [across, box.bottom - 2],
        [box.left + 2, down], [box.right - 2, down]];
    for (const [x, y] of points) {
        const there = document.elementFromPoint(x, y);
        const label = one.closest("label");
        if (!there) return "outside of the window";
        if (there.id === "moving-pixel") continue;
        // What is said for a while lies over the foot.
        if (one.closest("footer") && there.closest("[data-testid=toast]")) continue;
        if (!one.contains(there) && !label?.contains(there)) return `under ${named(there)}`;
    }
    return "";
}

/** Of a long list, the ends will do. */
const MANY = 40;
const reached = pressed.filter((one) => one.tabIndex >= 0);
const tried = reached.length <= MANY ? reached : [...reached.slice(0, MANY / 2), ...reached.slice(-MANY / 2)];
/** What gets the focus is scrolled to a moment later. */
const moment = () => new Promise((resolve) => setTimeout(resolve, 10));

async function focusInSight() {
    const before = document.activeElement;
    const held = [...document.querySelectorAll("*")].map((one) => [one, one.scrollTop]);
    for (const one of tried) {
        if (!one.isConnected) continue;
        one.focus();
        if (document.activeElement !== one) continue;
        let how = hidden(one);
        for (let waited = 0; how && waited < 30; waited += 1) {
            await moment();
            how = hidden(one);
        }
        if (how) faults.push(`has the focus ${how}: ${named(one)}`);
    }
    if (before && before !== document.body) before.focus({ preventScroll: true });
    else document.activeElement?.blur();
    await moment();
    for (const [one, top] of held) if (one.scrollTop !== top) one.scrollTop = top;
}

focusInSight().then(
    () => answer([...new Set(faults)]),
    (error) => answer([String(error)]),
);
