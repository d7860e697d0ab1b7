import { type Homeserver, HomeserverAway, MatrixRefused, path } from "./homeserver.ts";

interface Capabilities {
  readonly capabilities: {
    readonly "m.room_versions"?: { readonly default?: string };
    readonly "m.set_displayname"?: { readonly enabled?: boolean };
    readonly "m.get_login_token"?: { readonly enabled?: boolean };
  };
}

/**
 * Makes Synapse call Whisper, which also makes it send immediately what it held back while Whisper was away: by itself
 * it would wait up to nine minutes (application service API, "Pinging").
 * @throws MatrixRefused if Synapse cannot reach Whisper.
 */
export const pingBack = (homeserver: Homeserver, appserviceId: string): Promise<unknown> =>
  homeserver.call({
    method: "POST",
    path: path`/_matrix/client/v1/appservice/${appserviceId}/ping`,
    body: { transaction_id: "whisper-start" },
    timeout: 15_000,
  });

/**
 * Checks those of Synapse's settings that can be seen from outside.
 * @returns a sentence for each setting that Whisper's promises depend on and that differs from
 * config/homeserver.example.yaml.
 */
export async function homeserverProblems(homeserver: Homeserver): Promise<string[]> {
  const { capabilities } = await homeserver.call<Capabilities>({
    method: "GET",
    path: path`/_matrix/client/v3/capabilities`,
  });
  const problems: string[] = [];
  const version = capabilities["m.room_versions"]?.default;
  if (version !== "11") {
    problems.push(
      `default_room_version is "${version}" and must be "11": chats that staff start are replaced until then`,
    );
  }
  if (capabilities["m.set_displayname"]?.enabled !== false) {
    problems.push("enable_set_displayname must be false: staff could take the names of others");
  }
  if (capabilities["m.get_login_token"]?.enabled !== true) {
    problems.push(
      "login_via_existing_session must be enabled without require_ui_auth: sign-in links do not work",
    );
  }
  if (await registrationIsOpen(homeserver)) {
    problems.push("enable_registration must be false: outsiders could make accounts that look like staff");
  }
  if (!(await looksNobodyUp(homeserver))) {
    problems.push(
      "enable_3pid_lookup must be false: Synapse connects to whatever identity server a client names",
    );
  }
  if (!(await keepsTextOutOfMemberships(homeserver))) {
    problems.push(
      "modules must hold whisper_memberships.Memberships: otherwise memberships carry text to everyone, even those who never receive",
    );
  }
  if (!(await tellsStateAsItIs(homeserver))) {
    problems.push(
      "experimental_features must hold msc4222_enabled: true: without it clients can keep showing an invitation to someone who is let in while another writes",
    );
  }
  return problems;
}

/**
 * Synapse reads this sync parameter only with MSC4222, and then refuses any value but true or false before it does
 * anything else. Without MSC4222 it answers with a sync of no rooms.
 */
async function tellsStateAsItIs(homeserver: Homeserver): Promise<boolean> {
  try {
    await homeserver.call({
      method: "GET",
      path: path`/_matrix/client/v3/sync`,
      query: {
        timeout: "0",
        filter: JSON.stringify({ room: { rooms: [] }, presence: { types: [] }, account_data: { types: [] } }),
        "org.matrix.msc4222.use_state_after": "whisper-probe",
      },
      timeout: 15_000,
    });
    return false;
  } catch (error) {
    if (error instanceof MatrixRefused) return error.status === 400;
    if (error instanceof HomeserverAway && error.why === "slow") return false;
    throw error;
  }
}

/**
 * Whisper's module refuses a room that begins with members before Synapse looks at its version. No such version exists,
 * so no room is made in either case.
 */
async function keepsTextOutOfMemberships(homeserver: Homeserver): Promise<boolean> {
  try {
    await homeserver.call({
      method: "POST",
      path: "/_matrix/client/v3/createRoom",
      body: { room_version: "whisper-probe", initial_state: [{ type: "m.room.member" }] },
    });
    return false;
  } catch (error) {
    if (error instanceof MatrixRefused) return error.status === 403;
    throw error;
  }
}

/**
 * Synapse refuses an invitation by email before it looks anyone up or checks the room; later refusals have another
 * errcode. If it does look someone up, it is at a host that never exists (RFC 6761, "invalid").
 */
async function looksNobodyUp(homeserver: Homeserver): Promise<boolean> {
  const host = "whisper-probe.invalid";
  try {
    await homeserver.call({
      method: "POST",
      path: path`/_matrix/client/v3/rooms/${`!probe:${host}`}/invite`,
      body: { medium: "email", address: `nobody@${host}`, id_server: host, id_access_token: "none" },
      timeout: 15_000,
    });
    return false;
  } catch (error) {
    if (error instanceof MatrixRefused) return error.status === 403 && error.errcode === "M_UNKNOWN";
    if (error instanceof HomeserverAway && error.why === "slow") return false;
    throw error;
  }
}

async function registrationIsOpen(homeserver: Homeserver): Promise<boolean> {
  try {
    await homeserver.call({
      method: "GET",
      path: path`/_matrix/client/v3/register/available`,
      query: { username: "whisper-probe" },
    });
    return true;
  } catch (error) {
    if (error instanceof MatrixRefused) return false;
    throw error;
  }
}
