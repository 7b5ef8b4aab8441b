// Runs Thunderbird's own search for the settings of an address, lets
// Thunderbird create the account from what was found, and returns the account.
// The arguments are the address, the host names of the domain's MX records, and
// the URL of the central database.
const [email, mx, database] = arguments;
const { DNS } = ChromeUtils.importESModule("resource:///modules/DNS.sys.mjs");
const modules = "resource:///modules/accountcreation/";
const { AccountCreationUtils } = ChromeUtils.importESModule(modules + "AccountCreationUtils.sys.mjs");
const { AccountConfig } = ChromeUtils.importESModule(modules + "AccountConfig.sys.mjs");
const { CreateInBackend } = ChromeUtils.importESModule(modules + "CreateInBackend.sys.mjs");
const { FindConfig } = ChromeUtils.importESModule(modules + "FindConfig.sys.mjs");
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");

const domain = email.split("@")[1];
// This is all that is not Thunderbird's own: its resolver asks the name servers
// of the machine, which know nothing of the domains here.
DNS.lookup = async (name, type) =>
  type == DNS.MX && name == domain ? mx.map((host, i) => ({ prio: 10 * (i + 1), host })) : [];
Services.prefs.setCharPref("mailnews.auto_config_url", database);

function server(type, host, s) {
  return { type, host, port: s.port, socketType: s.socketType, user: s.username, auth: s.authMethod };
}

// search returns what Thunderbird finds, or null. In 153 the search is a
// generator that yields before it sends the password to another domain, so that
// a person can refuse; nothing here gives a reason to ask.
async function search() {
  const find = FindConfig.parallelAutoDiscovery;
  if (Object.prototype.toString.call(find) == "[object AsyncGeneratorFunction]") {
    const { value, done } = await find(domain, email, new AbortController().signal).next();
    if (!done) {
      throw new Error("Thunderbird asks for permission: " + JSON.stringify(value));
    }
    return value;
  }
  if (AccountCreationUtils.SuccessiveAbortable) {
    return find(new AccountCreationUtils.SuccessiveAbortable(), domain, email);
  }
  throw new Error("FindConfig.parallelAutoDiscovery is neither the function of Thunderbird 140 nor the generator of 153");
}

return (async () => {
  const config = await search();
  if (!config) {
    return null;
  }
  if (config.incoming.type == "exchange") {
    // The account page offers this configuration for Thunderbird itself, and the
    // other one for an add-on.
    FindConfig.ewsifyConfig(config);
    config.incoming = config.incomingAlternatives.pop();
  }
  AccountConfig.replaceVariables(config, "Anna", email, "secret");
  const account = await CreateInBackend.createAccountInBackend(config);
  const incoming = account.incomingServer;
  const outgoing = MailServices.outgoingServer.getServerByKey(account.defaultIdentity.smtpServerKey);
  const created = {
    source: config.subSource,
    address: account.defaultIdentity.email,
    incoming: server(incoming.type, incoming.hostname ?? incoming.hostName, incoming), // in 153, in 140
    outgoing: server(outgoing.type, outgoing.serverURI.host, {
      port: outgoing.serverURI.port,
      socketType: outgoing.socketType,
      username: outgoing.username,
      authMethod: outgoing.authMethod,
    }),
    choices: config.incomingAlternatives.map(s => s.type),
    url: incoming.getStringValue("ews_url"),
    version: Number(Services.appinfo.version.split(".")[0]),
  };
  MailServices.accounts.removeAccount(account, true);
  MailServices.outgoingServer.deleteServer(outgoing);
  return created;
})();
