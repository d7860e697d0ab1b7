import type { ChangesBy } from "../directory/directory-change.ts";
import {
  changePreferences,
  type PreferencesPatch,
  readPreferences,
  type ShownPreferences,
} from "../directory/preferences.ts";
import { bullets, code, inline, lines, plain, type Rich } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import { PATIENT_ARRIVED_ALERTS } from "../policy/model.ts";
import type { AlertRoles } from "../policy/people/alert-roles.ts";
import type { Command } from "./command.ts";
import { typed } from "./tokens.ts";

type Setting = keyof ShownPreferences;

/** The settings by their names here, in the order in which they are shown. */
const SETTINGS: ReadonlyMap<string, Setting> = new Map([
  ["never-receive", "never_receive"],
  ["keep-hidden", "keep_hidden"],
  ["open-on-message", "open_on_message"],
  ["open-on-startup", "open_on_startup"],
  ["arrivals", "patient_arrived_alerts"],
]);
const YES = ["on", "yes", "true"];
const NO = ["off", "no", "false"];

/** `prefs`: the asker's own settings, the same ones that HealthTrack shows. */
export const prefsCommand = (changes: ChangesBy, roles: AlertRoles): Command => ({
  name: "prefs",
  words: ["preferences", "settings"],
  parameters: [
    { name: "setting", takes: "one", optional: true },
    { name: "value", takes: "one", optional: true },
  ],
  summary: words.prefsSummary,
  examples: ["prefs", "prefs never-receive on", "prefs keep-hidden off", "prefs arrivals location"],
  run: async ({ tx, asker, given, event }) => {
    const name = typed(given.setting ?? []).toLowerCase();
    if (name === "") return shown(await readPreferences(tx, asker.username, roles));
    const setting = SETTINGS.get(name.replaceAll("_", "-"));
    if (setting === undefined) return plain(words.unknownSetting(name, [...SETTINGS.keys()]));
    const patch = patchOf(setting, typed(given.value ?? []).toLowerCase());
    if (patch === null) return plain(words.settingTakes(name, valuesOf(setting)));
    const changed = await changePreferences(
      tx,
      changes({ is: "account", user: event.sender }),
      asker.username,
      patch,
      roles,
    );
    if (!("refused" in changed)) return shown(changed);
    return plain(
      changed.refused === "alerts-not-for-role"
        ? words.alertsNotForRole(changed.alerts, changed.roles)
        : words.settingFailed,
    );
  },
});

const valuesOf = (setting: Setting): readonly string[] =>
  setting === "patient_arrived_alerts" ? [...PATIENT_ARRIVED_ALERTS, "default"] : ["on", "off"];

function patchOf(setting: Setting, value: string): PreferencesPatch | null {
  if (setting !== "patient_arrived_alerts") {
    if (YES.includes(value)) return { [setting]: true };
    return NO.includes(value) ? { [setting]: false } : null;
  }
  if (value === "default") return { patient_arrived_alerts: null };
  const alerts = PATIENT_ARRIVED_ALERTS.find((each) => each === value);
  return alerts === undefined ? null : { patient_arrived_alerts: alerts };
}

function shown(preferences: ShownPreferences | null): Rich {
  if (preferences === null) return plain(words.settingFailed);
  const items = [...SETTINGS].map(([name, setting]) => {
    const value = preferences[setting];
    const said = typeof value === "boolean" ? (value ? "on" : "off") : value;
    return inline(code(`${name} ${said}`), plain(` – ${words.settingMeans[setting]}`));
  });
  return lines(plain(words.yourSettings), bullets(items));
}
