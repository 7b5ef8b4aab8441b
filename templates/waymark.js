// Copies values, checks a password without losing it, and closes the menu of languages.
// Everything else works without.
"use strict";
(() => {
  const words = document.body.dataset;
  const menu = document.querySelector(".languages");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu?.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });

  // A screen reader says what was done, because the name of a button stays.
  const said = document.createElement("p");
  said.className = "said";
  said.setAttribute("role", "status");
  document.body.append(said);
  const sheets = "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3";
  const tick = "M2.5 8.5l4 4 7-9";
  const icon = (shape) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("d", shape);
    svg.append(path);
    return svg;
  };
  const newButton = (name, click) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = name;
    button.addEventListener("click", click);
    return button;
  };
  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return; // the browser refused; the value can still be marked by hand
    }
    button.classList.add("done");
    button.querySelector("path").setAttribute("d", tick);
    said.textContent = words.copied;
    setTimeout(() => {
      button.classList.remove("done");
      button.querySelector("path").setAttribute("d", sheets);
      said.textContent = "";
    }, 2000);
  };

  // A button behind each value copies it, and so does a click on its whole row.
  const addButtons = (main) => {
    if (!navigator.clipboard) return;
    for (const value of main.querySelectorAll(".value")) {
      const text = value.textContent;
      const button = newButton("copy", () => copy(text, button));
      button.title = words.copy;
      button.setAttribute("aria-label", words.label.replace("{value}", text));
      button.append(icon(sheets));
      const row = value.closest(".row");
      row?.addEventListener("click", (event) => {
        if (!button.contains(event.target) && getSelection().isCollapsed) copy(text, button);
      });
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
  };

  // An iPad with the desktop pages of Safari calls itself a Mac.
  const isIPad = navigator.userAgent.includes("Macintosh") && navigator.maxTouchPoints > 1;
  const knowIPad = (main) => {
    const hint = main.querySelector(".ipad");
    if (!hint) return;
    if (!isIPad) {
      hint.hidden = true;
    } else if (!new URLSearchParams(location.search).has("device")) {
      const to = new URL(location.href);
      to.searchParams.set("device", "iphone");
      location.replace(to);
    }
  };

  // The right password stays in the memory of this page until the person leaves it.
  // One that was made for the app is offered instead: it stands in the page.
  const offer = (main, password) => {
    const made = main.querySelector(".app-password");
    const verdict = main.querySelector(".verdict.right, .verdict.no_app_password");
    if (made) password = made.textContent;
    if (!verdict || !password) return;
    const shown = document.createElement("code");
    shown.className = "secret";
    shown.hidden = true;
    const reveal = newButton("quiet", () => {
      shown.hidden = !shown.hidden;
      shown.textContent = shown.hidden ? "" : password;
      reveal.textContent = shown.hidden ? words.reveal : words.hide;
    });
    reveal.textContent = words.reveal;
    const buttons = document.createElement("p");
    buttons.className = "password";
    if (navigator.clipboard) {
      // One tap copies the password and downloads the profile, which the device asks it for.
      const profile = main.querySelector(".profile form");
      const button = newButton(profile ? "quiet" : "", () => copy(password, button));
      button.append(icon(sheets), ` ${words.password}`);
      buttons.append(button, " ");
      if (profile) {
        profile.querySelector("button").textContent = words.both;
        profile.addEventListener("submit", () => copy(password, button));
      }
    }
    if (!made) buttons.append(reveal, " ", shown);
    (made?.parentNode ?? verdict).after(buttons);
  };

  const check = (main) => {
    const form = main.querySelector("form.check");
    form?.addEventListener("submit", async (event) => {
      event.preventDefault();
      const password = form.elements.password.value;
      const button = form.querySelector("button");
      const name = button.textContent;
      button.disabled = true;
      button.textContent = said.textContent = words.wait;
      try {
        const body = new URLSearchParams(new FormData(form));
        if (isIPad) body.set("device", "iphone"); // to load the page again would lose a new password
        const response = await fetch(form.action, { method: "POST", body });
        const answer = new DOMParser().parseFromString(await response.text(), "text/html");
        const next = answer.querySelector("main");
        if (!next) throw new Error("no page");
        // Another language shows this page, too.
        menu?.querySelector("form").replaceWith(answer.querySelector(".languages form"));
        history.pushState(null, "", response.headers.get("Content-Location") ?? response.url);
        main.replaceWith(next);
        enhance(next, password);
        said.textContent = "";
        scrollTo(0, 0);
        next.querySelector("#verify")?.focus({ preventScroll: true });
      } catch {
        button.disabled = false;
        button.textContent = name;
        form.submit(); // the browser shows what is wrong
      }
    });
  };
  addEventListener("popstate", () => location.reload());

  const enhance = (main, password) => {
    addButtons(main);
    knowIPad(main);
    check(main);
    offer(main, password);
  };
  enhance(document.querySelector("main"));
})();
