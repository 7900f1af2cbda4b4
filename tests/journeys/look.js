// What an open page shows wrongly, whatever it is about: too wide, text over text, text that is cut off or sticks out.
() => {
  const found = [];
  const root = document.scrollingElement;
  const short = (node) => (node.data ?? node.textContent).trim().replace(/\s+/g, " ").slice(0, 40);
  const where = (element) => {
    const names = [];
    for (let at = element; at && at !== document.body && names.length < 3; at = at.parentElement) {
      names.unshift(at.tagName.toLowerCase() + (at.id ? `#${at.id}` : "") + [...at.classList].slice(0, 2).map((one) => `.${one}`).join(""));
    }
    return names.join(" > ");
  };
  const styles = new Map();
  const style = (element) => styles.get(element) ?? styles.set(element, getComputedStyle(element)).get(element);

  const wide = root.scrollWidth - root.clientWidth;
  if (wide > 0) {
    const out = [...document.body.querySelectorAll("*")].filter((one) => {
      if (one.getBoundingClientRect().right <= root.clientWidth + 1 || !one.checkVisibility()) return false;
      for (let at = one.parentElement; at; at = at.parentElement) if (style(at).overflowX !== "visible" && at !== document.body && at !== root) return false;
      return true;
    });
    found.push(`${wide} px wider than the window: ${out.slice(-1).map(where)}`);
  }

  // Who is only read aloud is drawn in a box of one pixel.
  const isUnseen = (element) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const { clipPath, clip, position } = style(at);
      if (position === "absolute" && (clipPath.startsWith("inset(50%") || clip.startsWith("rect(0px, 0px"))) return true;
      const box = at.getBoundingClientRect();
      if (style(at).overflow === "hidden" && box.width <= 1.5 && box.height <= 1.5) return true;
    }
    return false;
  };
  // What floats above the page covers it on purpose: its texts are compared with each other only.
  const layerOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (["fixed", "sticky"].includes(style(at).position) || at.tagName === "DIALOG") return at;
    }
    return document.body;
  };

  const pieces = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || ["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT", "TEXTAREA", "OPTION", "TITLE", "DESC"].includes(parent.tagName)) continue;
    if (!parent.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || isUnseen(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const layer = layerOf(parent);
    let cut = "";
    for (const box of range.getClientRects()) {
      if (box.width < 2 || box.height < 2) continue;
      let [left, right, top, bottom] = [box.left, box.right, box.top, box.bottom];
      for (let at = parent; at && at !== document.body; at = at.parentElement) {
        const { overflowX, overflowY, textOverflow, webkitLineClamp, display } = style(at);
        if (display === "inline" || display === "contents" || (overflowX === "visible" && overflowY === "visible")) continue;
        const edge = at.getBoundingClientRect();
        const ends = textOverflow === "ellipsis" || webkitLineClamp !== "none";
        if (["hidden", "clip"].includes(overflowX) && !ends && (right > edge.right + 2 || left < edge.left - 2) && left < edge.right && right > edge.left) cut ||= `cut off at the side by ${where(at)}`;
        if (["hidden", "clip"].includes(overflowY) && !ends && bottom > edge.bottom + box.height / 3 && top < edge.bottom - 2) cut ||= `cut off below by ${where(at)}`;
        [left, right, top, bottom] = [Math.max(left, edge.left), Math.min(right, edge.right), Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
      }
      if (right - left < 2 || bottom - top < 2) continue;
      if (box.height < 8) found.push(`text of ${Math.round(box.height)} px: “${short(node)}” in ${where(parent)}`);
      // Letters fill the middle of their line; lines that are set close touch without overprinting.
      const spare = (bottom - top) * 0.22;
      pieces.push({ node, parent, layer, left, right, top: top + spare, bottom: bottom - spare });
      for (let at = parent; at && at !== layer; at = at.parentElement) {
        const { borderRightWidth, backgroundColor, display } = style(at);
        if (at instanceof SVGElement || display.startsWith("inline") || display === "contents") continue;
        const framed = parseFloat(borderRightWidth) > 0 || !["rgba(0, 0, 0, 0)", "transparent"].includes(backgroundColor);
        if (!framed) continue;
        const edge = at.getBoundingClientRect();
        if (right > edge.right + 3 || left < edge.left - 3) found.push(`“${short(node)}” sticks out of ${where(at)}`);
        break;
      }
    }
    if (cut) found.push(`“${short(node)}” is ${cut}`);
  }

  pieces.sort((a, b) => a.top - b.top);
  const over = new Set();
  pieces.forEach((one, n) => {
    for (let k = n + 1; k < pieces.length && pieces[k].top < one.bottom - 1.5; k++) {
      const other = pieces[k];
      if (one.node === other.node || one.layer !== other.layer) continue;
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (across > 2 && down > 1.5) over.add(`“${short(one.node)}” and “${short(other.node)}” stand on each other, in ${where(one.parent)} and ${where(other.parent)}`);
    }
  });
  return [...new Set([...found, ...over])];
}
