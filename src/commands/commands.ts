import type { ChangesBy } from "../directory/directory-change.ts";
import type { AlertRoles } from "../policy/people/alert-roles.ts";
import { alertCommand, type ShowTime } from "./alert.ts";
import { auditCommand, type StartAudit } from "./audit.ts";
import type { Command } from "./command.ts";
import { addCommand, type EditGroup, removeCommand, renameCommand } from "./edit.ts";
import { helpCommand } from "./help.ts";
import { historyCommand, type ToggleArrivals } from "./history.ts";
import { newCommand } from "./open.ts";
import { prefsCommand } from "./prefs.ts";
import { whoCommand } from "./who.ts";
import { whyCommand } from "./why.ts";

/** What the commands may do. */
export interface CommandPorts {
  readonly open: Parameters<typeof newCommand>[0];
  readonly edit: EditGroup;
  readonly changes: ChangesBy;
  readonly alertRoles: AlertRoles;
  readonly toggleArrivals: ToggleArrivals;
  readonly startAudit: StartAudit;
  readonly showTime: ShowTime;
}

/** All commands, in the order in which `help` shows them. */
export function commandsOf(ports: CommandPorts): readonly Command[] {
  const all: Command[] = [
    newCommand(ports.open),
    addCommand(ports.edit),
    removeCommand(ports.edit),
    renameCommand(ports.edit),
    whyCommand,
    whoCommand,
    prefsCommand(ports.changes, ports.alertRoles),
    historyCommand(ports.toggleArrivals),
    alertCommand(ports.showTime),
    auditCommand(ports.startAudit),
  ];
  return all;
}

/** The commands of a room, and `help` about them. */
export function commandsIn(all: readonly Command[], room: "control" | "admin"): readonly Command[] {
  const here: Command[] = all.filter((command) => room === "admin" || command.adminOnly !== true);
  here.push(helpCommand(() => here));
  return here;
}
