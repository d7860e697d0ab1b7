import { quiet } from "../../accounts/pushers.ts";
import { handOn } from "../passage/answer.ts";
import { objectIn } from "../passage/caller.ts";
import { NO_PUSH_BY_EMAIL, NOT_A_PUSHER, refuse } from "../passage/refusal.ts";
import { bodyOf, type Rule, read } from "../passage/rules.ts";

/**
 * Push notifications go through the services of phone makers and stand on lock screens, so they say that there is
 * something, and how much, and nothing else: not who wrote, not in which room (docs/decisions/push.md). What goes on is
 * what was understood here, so that nothing can be read in another way by Synapse.
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
    return read(passage, request, response, Buffer.from(JSON.stringify(body)));
  }
};
