/** Every sentence that Whisper itself says in a room. Plain, short, no ids, no codes, and what to do next. */

import { sentence } from "../base/shown-name.ts";

export const TOMBSTONE_TEXT = "This conversation continues in the room you already had.";

// Alerts
export const alertSeverity = {
  info: { sign: "ℹ️", title: null },
  warning: { sign: "⚠️", title: "Warning" },
  critical: { sign: "🚨", title: "Urgent" },
} as const;

export const roomOfOne =
  "I have closed the room you made, since nobody else was in it. To write to someone, search for their name or a group's.";

// What could not be sent: for those who look after Whisper, or for the person who wrote it
export const sentenceNotSent = (where: string, text: string) =>
  sentence`I could not send this to ${where}. Please tell them yourself: ${typed(text)}`;
export const answerNotSent = (where: string) =>
  sentence`I could not answer in ${where}. Please ask them what they need.`;
export const removalNotSent = (where: string) =>
  sentence`A message that should be gone is still in ${where}. Please delete it there.`;
export const repetitionNotSent = (where: string) =>
  sentence`A message of yours could not be moved to ${where}. Please send it there again.`;

// The directory: for those who look after Whisper
export const directoryProblems = (lines: readonly string[]) =>
  [
    "Parts of the list of staff and groups from HealthTrack could not be read. Everything else was taken. Correct these in HealthTrack:",
    ...lines.map((line) => sentence`• ${line}`),
  ].join("\n");
export const directoryProblem = (
  about: string,
  field: string,
  message: string,
  kept: "as known" | "left out",
) =>
  sentence`${about}${field === "" ? "" : sentence`, ${field}`}: ${message}. ${kept === "as known" ? "It stays as it was." : "It was left out."}`;
export const moreProblems = (count: number) =>
  sentence`and ${count} more, which the answer to HealthTrack lists`;
export const directoryIsRight = "The list of staff and groups from HealthTrack is in order again.";

// Custom groups
export const youStay = (group: string, ways: string) =>
  sentence`You are still a member of ${group} ${ways}, so you are back in it. To leave for good, ask a member to remove that group.`;

// The first message in someone's chat with Whisper
export const welcome = "Welcome to Whisper. This is what you can do:";
export const firstSteps = [
  "Write to someone: search for their name. You find groups the same way, such as Doctors (group).",
  "See someone's email address and mobile number: send ? in your conversation with them.",
  "When a patient of yours arrives: press ✅ once you have seen it, or reply to it.",
  "Change your settings: write prefs to me.",
  "See everything I can do: write help to me.",
];

// The page that Element shows when no conversation is open
export const atHomeIntroduction =
  "Your practice's messenger. Choose a conversation on the left, or begin one:";
export const atHome = [
  "Press Ctrl+K and type a name to write to someone. You find groups the same way, such as Doctors (group).",
  "Open your chat with Whisper and write help to see everything that you can do.",
];

// Alerts: for those who look after Whisper
export const alertSummary = "show which alerts there are, until when, and who has seen them";
export const alertTakes = "Write alert status to see who has seen the alerts that are shown now.";
export const noAlert = "There is no alert at the moment.";
export const alertTitle = (severity: keyof typeof alertSeverity, text: string) =>
  sentence`${alertSeverity[severity].sign} ${typed(text.replaceAll("\n", " "))}`;
export const alertSince = (posted: string, until: string) => sentence`Posted ${posted}, ${until}.`;
export const alertUntil = (time: string) => sentence`shown until ${time}`;
export const alertStays = "shown until someone withdraws it";
export const alertComes = "It is being posted.";
/** @param waiting who has not seen it, and `more` others. */
export const alertSeen = (seen: number, waiting: readonly string[], more: number) => {
  const people = seen === 1 ? "1 person" : sentence`${seen} people`;
  if (waiting.length === 0 && seen === 0) return "Nobody was there to see it.";
  if (waiting.length === 0) return sentence`Seen by everyone: ${people}.`;
  const others = more === 0 ? "" : sentence` and ${more} more`;
  return sentence`Seen by ${people}. Not yet by ${waiting}${others}.`;
};

// Commands
export const namePerson = "Say whom you mean: a user name, a full name, or a mention with @.";
export const nameGroup = 'Say which group you mean, such as "Night shift".';
export const onePersonOnly =
  "Name one person only. Use a comma or quotation marks where names could be mixed up.";
export const thisPerson = "This person";
export const notAPerson = (name: string) => sentence`${typed(name)} is a group. Name a person.`;
export const notAGroup = (name: string) => sentence`${name} is not a group. Name a group.`;
const maybe = (near: string | undefined) => (near === undefined ? "" : sentence` Did you mean ${near}?`);
/** What someone typed, repeated back: enough of it to recognise. */
const typed = (text: string) => (text.length > 100 ? sentence`${text.slice(0, 99).toWellFormed()}…` : text);
export const tooLong = (most: number) =>
  sentence`That is too long for me. Write at most ${most.toLocaleString("en-AU")} characters at a time, or write help to see what I can do.`;
export const textOnly = "I can only read text. Write help to see what I can do.";
export const notAgain =
  "I act on what you send first, so this correction changes nothing. Send it again as a new message.";
export const notHere = (word: string) =>
  sentence`${word} does nothing here: nobody but you and me reads this. Nothing was sent. Write help to see what I can do.`;
export const unknownName = (name: string, near: string | undefined) =>
  sentence`I can't find a person or group called "${typed(name)}".${maybe(near)}`;
export const unknownGroup = (name: string, near: string | undefined) =>
  sentence`I can't find a group called "${typed(name)}".${maybe(near)}`;
export const severalPeople = (usernames: readonly string[]) =>
  sentence`Several people have that name. Write the user name instead: ${usernames}.`;
export const severalGroups = (title: string) =>
  sentence`Several groups are called ${title}. Mention the one you mean with @, or rename one first.`;
export const usage = (how: string, example: string | undefined) =>
  sentence`Write it like this: ${how}${example === undefined ? "" : sentence`. For example: ${example}`}`;
export const unknownCommand = (word: string, near: string | undefined) =>
  near === undefined
    ? sentence`I do not know "${typed(word)}". Write help to see what I can do.`
    : sentence`I do not know "${typed(word)}". Did you mean ${near}? Write help to see what I can do.`;

export const helpIntroduction = "This is what you can write to me:";
export const helpMore = "Write help and the name of a command for examples.";
export const adminOnly = "(in the admin room)";
export const alsoWritten = (others: readonly string[]) => sentence`Also: ${others}`;
export const helpSummary = "show what I can do";
export const newSummary =
  "open a conversation with people and groups; a title in quotation marks makes a group with that name";
export const addSummary =
  "add people and groups to a custom group; they can read everything written in it so far";
export const removeSummary =
  "remove people and groups from a custom group; they can no longer read any of it";
export const renameSummary = "give a custom group another name";
export const whySummary = "explain why someone is a member of a group";
export const whoSummary = "show someone's email address and mobile number, or who is in a group";
export const prefsSummary = "show or change your settings";
export const historySummary = "show the patient arrivals that you have acknowledged, or hide them again";
export const auditSummary = "compare every room with how it should be, and repair differences if you say so";

export const isOpen = "is open.";
export const wasOpen = "was open already.";
export const comesSoon = "is being opened and will be in your list in a moment.";
export const added = (names: string, group: string) => sentence`Done: ${names} added to ${group}.`;
export const removed = (names: string, group: string) => sentence`Done: ${names} removed from ${group}.`;
export const alreadyIn = (names: string, group: string) => sentence`Already in ${group}: ${names}.`;
export const notInGroup = (names: string, group: string) =>
  sentence`Not in ${group}, so nothing changed: ${names}.`;
export const renamed = (before: string, after: string) => sentence`Done: ${before} is now called ${after}.`;

export const membersOf = (group: string, count: number) =>
  count === 1 ? sentence`There is one person in ${group}:` : sentence`There are ${count} people in ${group}:`;
export const membersThrough = (way: string, names: readonly string[], more: number) =>
  more > 0 ? sentence`${way}: ${names} and ${more} more` : sentence`${way}: ${names}`;
export const membersOnly = (group: string) =>
  sentence`Only the members of ${group} can see who is in it. Ask one of them, or your practice's administrator.`;
export const directly = "added directly";
export const through = (group: string) => sentence`through ${group}`;

export const isMember = (name: string, group: string) => sentence`${name} is a member of ${group}:`;
export const notMember = (name: string, group: string) => sentence`${name} is not a member of ${group}.`;
export const bySecurityGroup = "set in HealthTrack";

export const nobody = "I can't find anyone with that name.";
export const leftPractice = "No longer works here.";
export const email = "Email: ";
export const noEmail = "No email address in HealthTrack.";
export const mobile = (number: string) => sentence`Mobile: ${number}`;
export const noMobile = "No mobile number in HealthTrack.";
export const worksAt = (locations: readonly string[]) => sentence`At ${locations}`;

export const yourSettings = "Your settings. To change one, write for example: prefs never-receive on";
export const settingMeans = {
  never_receive: "nobody can write to you directly; you stay in your groups, without notifications",
  keep_hidden: "no notifications; messages wait until you look",
  open_on_message: "HealthTrack brings Whisper up when a message comes",
  open_on_startup: "Whisper opens together with HealthTrack",
  patient_arrived_alerts: "the arrivals you are told about: off, own, location or all",
} as const;
export const unknownSetting = (name: string, known: readonly string[]) =>
  sentence`There is no setting "${typed(name)}". There are: ${known}.`;
export const settingTakes = (name: string, values: readonly string[]) =>
  sentence`Write prefs ${name} with one of: ${values}.`;
export const settingFailed = "Your settings could not be changed. Ask your practice's administrator.";

export const alertsNotForRole = (alerts: string, roles: readonly string[]) =>
  roles.length === 0
    ? sentence`Nobody may choose "${alerts}" for Patient Arrived Alerts in this practice. Choose another, or ask your practice's administrator.`
    : sentence`Only these roles may choose "${alerts}" for Patient Arrived Alerts: ${roles}. Choose another, or ask your practice's administrator.`;

export const noArrivals =
  "You are not told about patient arrivals. Write prefs arrivals own, location or all to change that.";
export const historyShown = "Look in your Patient arrivals room. Write history again to hide it.";

export const auditTakes = "Write audit to see what differs, or audit repair to fix it.";
export const auditStarted = "I am looking at every room. The report follows here.";

// The room check's report: for those who look after Whisper
export const roomsAgree = "I checked every room: all are as they should be.";
export const roomsDiffer = (rooms: number, accounts: number, repaired: boolean) => {
  const checked =
    rooms === 0
      ? "I checked every room: all are as they should be."
      : rooms === 1
        ? "I checked every room: 1 room is not as it should be."
        : sentence`I checked every room: ${rooms} rooms are not as they should be.`;
  const repair = repaired ? " I am repairing what differs now." : " Write audit repair to fix what differs.";
  const blocked =
    accounts === 1
      ? " 1 account can't be used until someone changes it in Synapse."
      : sentence` ${accounts} accounts can't be used until someone changes them in Synapse.`;
  return sentence`${checked}${rooms === 0 ? "" : repair}${accounts === 0 ? "" : blocked}`;
};
export const finding = (rule: string, expected: string, actual: string) =>
  sentence`${rule.replaceAll("_", " ")}: ${expected} was expected, found: ${actual}`;
export const moreFindings = (count: number) => sentence`and ${count} more`;
export const anAccount = "An account";
export const closedRoom = "A closed room";
export const roomWithoutName = "An unknown room";
export const roomOfPerson = (title: string, name: string) => sentence`${title} of ${name}`;
