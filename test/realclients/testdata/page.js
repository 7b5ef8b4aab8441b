// Sets up an address on Thunderbird's own account page, as a person does it:
// types name and address, presses "Continue", and reads what the page then
// offers. Returns null when it asks for the servers instead.
const [email] = arguments;
const window = Services.wm.getMostRecentWindow("mail:3pane");

return (async () => {
  await window.openAccountHub("MAIL");
  const dialog = window.document.querySelector("account-hub-container").modal;
  const view = dialog.querySelector("account-hub-email");
  await view.ready;
  for (const [field, text] of [["#realName", "Anna"], ["#email", email]]) {
    const input = view.querySelector("#emailAutoConfigSubview " + field);
    input.value = text;
    input.dispatchEvent(new window.InputEvent("input", { bubbles: true }));
  }
  const offered = view.querySelector("#emailConfigFoundSubview");
  const asking = view.querySelector("#emailIncomingConfigSubview");
  const shown = new Promise(resolve => {
    const observer = new window.MutationObserver(() => {
      if (!offered.hidden || !asking.hidden) {
        observer.disconnect();
        // The page fills its fields once the step is shown.
        window.requestAnimationFrame(() => window.setTimeout(resolve));
      }
    });
    observer.observe(offered, { attributeFilter: ["hidden"] });
    observer.observe(asking, { attributeFilter: ["hidden"] });
  });
  view.querySelector("account-hub-footer #forward").click();
  await shown;
  const config = offered.hidden ? null : offered.captureState();
  const page = name => offered.querySelector(name)?.textContent;
  // From 153 on, the page shows the ports, and one user name where both servers
  // have the same.
  const shared = offered.querySelector(".is-showing-shared-config");
  const server = (s, kind) => ({
    type: page(`#${kind}Type`),
    host: page(`#${kind}Host`),
    port: Number(page(`#${kind}Port`) ?? s.port),
    socketType: s.socketType,
    user: page(shared ? "#sharedUsername" : `#${kind}Username`),
    auth: s.auth,
  });
  const found = config && {
    source: config.subSource,
    address: config.identity.emailAddress,
    incoming: server(config.incoming, "incoming"),
    outgoing: server(config.outgoing, "outgoing"),
    choices: config.incomingAlternatives.map(s => s.type),
  };
  await view.reset();
  dialog.close();
  return found;
})();
