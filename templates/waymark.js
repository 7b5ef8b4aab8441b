// Adds a button behind each value that copies it, and closes the menu of languages by
// Esc and by a click elsewhere. Everything else works without.
"use strict";
(() => {
  const menu = document.querySelector(".languages");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu?.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });
  if (!navigator.clipboard) return;
  const words = document.body.dataset;
  const icon = (shape) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("d", shape);
    svg.append(path);
    return svg;
  };
  const sheets = "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3";
  const tick = "M2.5 8.5l4 4 7-9";
  // A screen reader says what was done, because the name of a button stays.
  const said = document.createElement("p");
  said.className = "said";
  said.setAttribute("role", "status");
  document.querySelector("main").append(said);
  for (const value of document.querySelectorAll(".value")) {
    const text = value.textContent;
    // A port, IMAP or STARTTLS is chosen from a list or typed before it is copied.
    if (/^[A-Z0-9/]+$/.test(text)) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.title = words.copy;
    button.setAttribute("aria-label", words.label.replace("{value}", text));
    button.append(icon(sheets));
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        return; // the browser refused; the value can still be marked by hand
      }
      button.classList.add("done");
      button.replaceChildren(icon(tick));
      said.textContent = words.copied;
      setTimeout(() => {
        button.classList.remove("done");
        button.replaceChildren(icon(sheets));
        said.textContent = "";
      }, 2000);
    });
    // Where a value has to break, it breaks behind a mark.
    const parts = text.match(/[^@./-]*[@./-]+|[^@./-]+$/g) ?? [text];
    value.replaceChildren(...parts.flatMap((part, i) => i ? [document.createElement("wbr"), part] : [part]));
    // The button stays beside the value, and so does a comma behind them.
    const pair = document.createElement("span");
    pair.className = "pair";
    const chip = document.createElement("span");
    chip.className = "chip";
    value.replaceWith(pair);
    chip.append(value, button);
    pair.append(chip);
    const after = pair.nextSibling;
    const mark = after?.nodeType === Node.TEXT_NODE ? after.data.match(/^[,.;:!?)]+/) : null;
    if (mark) pair.append(after.splitText(mark[0].length).previousSibling);
  }
})();
