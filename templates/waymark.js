// Adds a button behind each value that copies it. Everything else works without.
"use strict";
(() => {
  if (!navigator.clipboard) return;
  const words = document.body.dataset;
  const icon = () => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("d", "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3");
    svg.append(path);
    return svg;
  };
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
    button.append(icon());
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        return; // the browser refused; the value can still be marked by hand
      }
      button.textContent = said.textContent = words.copied;
      setTimeout(() => {
        button.replaceChildren(icon());
        said.textContent = "";
      }, 2000);
    });
    // The pair stays on one line.
    const pair = document.createElement("span");
    pair.className = "pair";
    value.replaceWith(pair);
    pair.append(value, button);
  }
})();
