/** The stack's few calls to Synapse's administration API. */
import { createHmac, randomBytes } from "node:crypto";

/**
 * Makes Whisper's bot a server administrator, which gives the appservice's token access to the administration API.
 *
 * Synapse reserves the bot's name for the appservice, and only an administrator can make another. So a temporary account
 * is created with the registration secret, does this one thing, and is deactivated again.
 */
export async function makeBotAdministrator(
  homeserver: string,
  registrationSecret: string,
  appserviceToken: string,
  bot: string,
): Promise<void> {
  if (await isAdministrator(homeserver, appserviceToken)) return;
  await registerBot(homeserver, appserviceToken, bot);
  const passing = `setup-${randomBytes(6).toString("hex")}`;
  const token = await registerAdministrator(homeserver, registrationSecret, passing);
  await call(homeserver, token, "PUT", `/_synapse/admin/v2/users/${encodeURIComponent(bot)}`, {
    admin: true,
  });
  const account = encodeURIComponent(`@${passing}:${bot.slice(bot.indexOf(":") + 1)}`);
  await call(homeserver, appserviceToken, "POST", `/_synapse/admin/v1/deactivate/${account}`, {
    erase: true,
  });
}

/** Gives an account a password, so that a person (or a test) can sign in with any client. */
export async function setPassword(homeserver: string, adminToken: string, userId: string, password: string) {
  const path = `/_synapse/admin/v1/reset_password/${encodeURIComponent(userId)}`;
  await call(homeserver, adminToken, "POST", path, { new_password: password, logout_devices: false });
}

async function isAdministrator(homeserver: string, token: string): Promise<boolean> {
  const response = await request(homeserver, token, "GET", "/_synapse/admin/v2/users?limit=1");
  await response.arrayBuffer();
  return response.ok;
}

/** The appservice creates its own account. It is fine if the account exists already. */
async function registerBot(homeserver: string, appserviceToken: string, bot: string): Promise<void> {
  const username = bot.slice(1, bot.indexOf(":"));
  const body = { type: "m.login.application_service", username, inhibit_login: true };
  const response = await request(homeserver, appserviceToken, "POST", "/_matrix/client/v3/register", body);
  const text = await response.text();
  if (!response.ok && !text.includes("M_USER_IN_USE")) {
    throw new Error(`Synapse refused to create the account ${bot}: ${text}`);
  }
}

/** https://element-hq.github.io/synapse/latest/admin_api/register_api.html */
async function registerAdministrator(homeserver: string, secret: string, username: string): Promise<string> {
  const path = "/_synapse/admin/v1/register";
  const { nonce } = await call(homeserver, undefined, "GET", path);
  if (typeof nonce !== "string") throw new Error("Synapse returned no nonce for the registration");
  const password = randomBytes(24).toString("hex");
  const mac = createHmac("sha1", secret)
    .update([nonce, username, password, "admin"].join("\0"))
    .digest("hex");
  const answer = await call(homeserver, undefined, "POST", path, {
    nonce,
    username,
    password,
    admin: true,
    mac,
  });
  if (typeof answer.access_token !== "string")
    throw new Error("Synapse returned no token for the registration");
  return answer.access_token;
}

async function call(
  homeserver: string,
  token: string | undefined,
  method: string,
  path: string,
  body?: object,
) {
  const response = await request(homeserver, token, method, path, body);
  const text = await response.text();
  if (!response.ok) throw new Error(`Synapse answered ${response.status} to ${method} ${path}: ${text}`);
  const answer: Record<string, unknown> = JSON.parse(text);
  return answer;
}

function request(homeserver: string, token: string | undefined, method: string, path: string, body?: object) {
  return fetch(new URL(path, homeserver), {
    method,
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
}
