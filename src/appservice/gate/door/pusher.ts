import { quiet } from "../../accounts/pushers.ts";
import { handOn } from "../passage/answer.ts";
import { objectIn } from "../passage/caller.ts";
import { NO_PUSH_BY_EMAIL, NOT_A_PUSHER, refuse } from "../passage/error-response.ts";
import { bodyOf, type Rule, readAnswer } from "../passage/rules.ts";

/**
 * Push notifications go through phone makers' services and appear on lock screens, so they say only that there is
 * something, and how much: not who wrote, nor in which room (docs/decisions/push.md). Whisper sends on what it
 * understood, so that Synapse cannot read it differently.
 */
export const pusher: Rule = async (passage, request, response) => {
  const wanted = objectIn((await bodyOf(request)).toString("utf8"));
  if (wanted === undefined) return refuse(response, NOT_A_PUSHER);
  const { kind, data } = wanted;
  if (kind === null) return handOn(response, await send(wanted));
  if (kind !== "http") return refuse(response, NO_PUSH_BY_EMAIL);
  if (typeof data !== "object" || data === null || Array.isArray(data)) return refuse(response, NOT_A_PUSHER);
  handOn(response, await send({ ...wanted, data: quiet(data) }));

  function send(body: object) {
    return readAnswer(passage, request, response, Buffer.from(JSON.stringify(body)));
  }
};
