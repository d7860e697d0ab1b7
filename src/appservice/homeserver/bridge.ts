import { type AppServiceRegistration, Bridge, Logger } from "matrix-appservice-bridge";
import {
  type CallOutcome,
  HomeserverAway,
  type HomeserverCall,
  type HomeserverConnection,
  MatrixRefused,
  type NoAnswer,
  patternOf,
} from "./homeserver.ts";
import { sendOurselves } from "./library-requests.ts";

/**
 * If the homeserver asks for a wait of up to this long, the call waits in place; a longer wait goes back to the job.
 */
const WAIT_IN_PLACE = 2_000;

export interface BridgeOptions {
  readonly homeserverUrl: string;
  readonly serverName: string;
  readonly registration: AppServiceRegistration;
  /** Called for each call that was made, for the metrics. */
  readonly onCall?: (pattern: string, outcome: CallOutcome, seconds: number) => void;
}

/**
 * The homeserver through matrix-appservice-bridge. One client serves all users by masquerading in the query, so memory
 * does not grow with the practice. The library's own intake and stores stay off (they lose events, see docs/decisions).
 */
export async function connectHomeserver(options: BridgeOptions): Promise<HomeserverConnection> {
  Logger.configure({ console: "off" });
  sendOurselves();
  const bridge = new Bridge({
    homeserverUrl: options.homeserverUrl,
    domain: options.serverName,
    registration: options.registration,
    disableStores: true,
    suppressEcho: false,
    logRequestOutcome: false,
    controller: { onEvent: () => undefined },
    intentOptions: { bot: { dontCheckPowerLevel: true, registered: true } },
  });
  await bridge.initialise();
  const { matrixClient } = bridge.getIntent();

  const once = async <T>(call: HomeserverCall): Promise<T> => {
    const query = { ...call.query, ...(call.as === undefined ? {} : { user_id: call.as }) };
    const started = performance.now();
    const count = (outcome: CallOutcome) =>
      options.onCall?.(
        `${call.method} ${patternOf(call.path)}`,
        outcome,
        (performance.now() - started) / 1_000,
      );
    try {
      const body = call.method === "GET" ? null : (call.body ?? {});
      const answer = await matrixClient.doRequest(
        call.method,
        call.path,
        query,
        body,
        call.timeout ?? 60_000,
      );
      count("ok");
      return answer as T;
    } catch (error) {
      const failure = failureOf(call, error);
      count(failure instanceof MatrixRefused ? "refused" : failure.why);
      throw failure;
    }
  };

  return {
    close: () => bridge.close(),
    call: async (call) => {
      for (let tries = 0; ; tries++) {
        try {
          return await once(call);
        } catch (error) {
          const wait = error instanceof HomeserverAway ? error.retryAfter : undefined;
          if (wait === undefined || wait > WAIT_IN_PLACE || tries >= 5) throw error;
          await new Promise((resolve) => setTimeout(resolve, wait));
        }
      }
    },
  };
}

/** What the client library throws: a MatrixError, a raw response that was not JSON, or a connection error. */
function failureOf(call: HomeserverCall, error: unknown): MatrixRefused | HomeserverAway {
  const { statusCode, body } = (error ?? {}) as {
    statusCode?: unknown;
    body?: { errcode?: unknown; error?: unknown; retry_after_ms?: unknown };
  };
  if (typeof statusCode !== "number") return new HomeserverAway(call, error, silenceOf(error));
  if (statusCode === 429) {
    const wait = body?.retry_after_ms;
    return new HomeserverAway(call, undefined, "throttled", typeof wait === "number" ? wait : 1_000);
  }
  if (statusCode === 502 || statusCode === 503) return new HomeserverAway(call, statusCode, "away");
  // This is not about the call: the homeserver does not know our registration (yet). Nothing is given up for that.
  const unknownToUs = statusCode === 401 && body?.errcode === "M_UNKNOWN_TOKEN";
  if (unknownToUs || statusCode >= 500 || typeof body?.errcode !== "string")
    return new HomeserverAway(call, statusCode, "failing");
  return new MatrixRefused(call, statusCode, body.errcode, typeof body.error === "string" ? body.error : "");
}

/** The client library's errors without an answer. `connect` tells a refused connection from a slow one. */
function silenceOf(error: unknown): NoAnswer {
  const { code, connect } = (error ?? {}) as { code?: unknown; connect?: unknown };
  return code === "ESOCKETTIMEDOUT" || (code === "ETIMEDOUT" && connect !== true) ? "slow" : "away";
}
