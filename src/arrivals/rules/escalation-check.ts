/** For `whisper check-config` and the start: does each escalation step tell someone? */
import type { Directory } from "../../policy/model.ts";
import { type EscalationRule, targetOf } from "./escalation.ts";

/**
 * What is wrong with the rules, one sentence each, with the key's path.
 * @param directory who works there; null if that is not known.
 */
export function escalationProblems(
  rules: readonly EscalationRule[],
  directory: Directory | null,
): readonly string[] {
  return rules.flatMap((rule, index) => {
    const at = `arrivals.escalation[${index}]`;
    if (rule.backup === undefined && rule.reception === undefined) {
      return [`${at}: names nobody; give it a backup, a reception or both`];
    }
    if (directory === null) return [];
    return (["backup", "reception"] as const).flatMap((step) => {
      const name = rule[step];
      if (name === undefined) return [];
      const target = targetOf(directory, name);
      if (target === null) return [`${at}.${step}: there is no user and no security group called ${name}`];
      if (target === "several") {
        return [
          `${at}.${step}: several security groups are called ${name}; give the id of the one that you mean`,
        ];
      }
      return target.people.length > 0 ? [] : [`${at}.${step}: nobody in ${name} can be told`];
    });
  });
}
