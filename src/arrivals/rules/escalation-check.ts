/** For `whisper check-config` and the start: does each name in the arrivals' settings mean someone? */
import type { Directory } from "../../policy/model.ts";
import { type AlertRoles, mayChooseAlerts } from "../../policy/people/alert-roles.ts";
import { targetOf } from "./configured-people.ts";
import type { EscalationRule } from "./escalation.ts";
import type { ReceptionRule } from "./reception.ts";

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
    return (["backup", "reception"] as const).flatMap((step) =>
      problemOf(directory, `${at}.${step}`, rule[step]),
    );
  });
}

/** The same for the receptions (`arrivals.reception`). */
export function receptionProblems(
  rules: readonly ReceptionRule[],
  directory: Directory | null,
): readonly string[] {
  if (directory === null) return [];
  return rules.flatMap(({ group }, index) =>
    problemOf(directory, `arrivals.reception[${index}].group`, group),
  );
}

/** The same for the roles that may follow more arrivals (`arrivals.alert_roles`): does someone active have each? */
export function alertRoleProblems(roles: AlertRoles, directory: Directory | null): readonly string[] {
  if (directory === null) return [];
  const active = [...directory.users.values()].filter((user) => user.active);
  return (["location", "all"] as const).flatMap((alerts) =>
    (roles[alerts] ?? []).flatMap((role, index) =>
      active.some((user) => mayChooseAlerts(user.role, alerts, { [alerts]: [role] }))
        ? []
        : [`arrivals.alert_roles.${alerts}[${index}]: nobody has the role ${role}`],
    ),
  );
}

function problemOf(directory: Directory, at: string, name: string | undefined): string[] {
  if (name === undefined) return [];
  const target = targetOf(directory, name);
  if (target === null) return [`${at}: there is no user and no security group called ${name}`];
  if (target === "several") {
    return [`${at}: several security groups are called ${name}; give the id of the one that you mean`];
  }
  return target.people.length > 0 ? [] : [`${at}: nobody in ${name} can be told`];
}
