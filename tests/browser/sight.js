// What is wrong with the page as it is seen: a list of sentences, empty if nothing.
(() => {
  const faults = [];
  const name = (element) => {
    const own = element.id ? `#${element.id}` : element.getAttribute("class") ? `.${element.getAttribute("class")}` : "";
    return `${element.tagName.toLowerCase()}${own} "${element.textContent.trim().slice(0, 40)}"`;
  };
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) faults.push(`the page is ${document.documentElement.scrollWidth} wide on ${width}`);
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const scrolls = element.scrollWidth > element.clientWidth + 1 && style.overflowX !== "visible" && element.clientWidth > 0;
    if (scrolls && !(element instanceof SVGElement)) faults.push(`${name(element)} is cut off or scrolls sideways`);
  }

  // Every line of text that is seen, with its element and its colours.
  const lines = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || ["SCRIPT", "STYLE", "OPTION", "TEXTAREA", "TITLE"].includes(element.tagName)) continue;
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = element instanceof SVGElement ? [element.getBoundingClientRect()] : range.getClientRects();
    for (const box of boxes) {
      if (box.width < 1 || box.height < 1) continue;
      if (box.left < -1 || box.right > width + 1) faults.push(`${name(element)} is beyond the edge`);
      // Of a line's box a fifth at each end is room between lines, not letters.
      const room = element instanceof SVGElement ? 0.25 : 0.2;
      lines.push({ element, left: box.left, right: box.right, top: box.top + room * box.height, bottom: box.bottom - room * box.height });
    }
    const scale = element instanceof SVGElement ? element.getScreenCTM().a : 1;
    const size = scale * parseFloat(getComputedStyle(element).fontSize);
    if (size < 9) faults.push(`${name(element)} is ${size.toFixed(1)} pixels high`);
    const contrast = contrastOf(element);
    if (contrast < 4.5) faults.push(`${name(element)} has a contrast of ${contrast.toFixed(1)}`);
  }
  lines.sort((a, b) => a.top - b.top);
  lines.forEach((line, index) => {
    for (let next = index + 1; next < lines.length && lines[next].top < line.bottom - 1; next++) {
      const other = lines[next];
      if (other.left < line.right - 1 && line.left < other.right - 1) faults.push(`${name(line.element)} overlaps ${name(other.element)}`);
    }
  });
  return [...new Set(faults)];

  function contrastOf(element) {
    const ink = channels(getComputedStyle(element)[element instanceof SVGElement ? "fill" : "color"]);
    let under = element;
    let paper;
    do {
      paper = channels(getComputedStyle(under).backgroundColor);
      under = under.parentElement;
    } while (under && paper[3] === 0);
    if (paper[3] === 0) paper = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
    const [light, dark] = [luminance(ink), luminance(paper)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }
  function channels(text) {
    const found = (text.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    return found.length < 4 ? [...found, 1] : found;
  }
  function luminance(colour) {
    const [r, g, b] = colour.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
})()
