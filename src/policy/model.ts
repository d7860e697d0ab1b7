/**
 * The plain data that every rule works on: the directory as HealthTrack has it, conversations as Whisper has them,
 * rooms as Matrix has them. Nothing here acts.
 */

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** HealthTrack's user name, exactly as HealthTrack writes it. */
export type Username = Brand<string, "Username">;
/** HealthTrack's id of a security group. */
export type SecurityGroupId = Brand<string, "SecurityGroupId">;
/** Whisper's own id of a conversation. For a custom group it is also the group's id. */
export type ConversationId = Brand<string, "ConversationId">;
/** Matrix identifiers (Matrix spec, appendices, "Common identifier format"). */
export type UserId = Brand<string, "UserId">;
export type RoomId = Brand<string, "RoomId">;
export type EventId = Brand<string, "EventId">;

export const PERMISSION = { access: "AccessWhisper", admin: "WhisperAdmin" } as const;
/** Security groups that HealthTrack ships and that have a meaning of their own. */
export const DEFAULT_GROUP = "Default" as SecurityGroupId;
export const ADMINISTRATOR_GROUP = "HMS-Administrator" as SecurityGroupId;

/** Patient Arrived Alerts: none, my own bookings, bookings at my locations, or all. */
export const PATIENT_ARRIVED_ALERTS = ["off", "own", "location", "all"] as const;
export type PatientArrivedAlerts = (typeof PATIENT_ARRIVED_ALERTS)[number];

/** The Whisper Settings under File > User Preferences, and the Patient Arrived Alerts setting. */
export interface Preferences {
  readonly openOnMessage: boolean;
  readonly keepHidden: boolean;
  readonly neverReceive: boolean;
  readonly openOnStartup: boolean;
  /** Null: not set, so `own` for a doctor and `off` for everyone else. */
  readonly patientArrivedAlerts: PatientArrivedAlerts | null;
}

export const DEFAULT_PREFERENCES: Preferences = {
  openOnMessage: false,
  keepHidden: false,
  neverReceive: false,
  openOnStartup: false,
  patientArrivedAlerts: null,
};

export interface User {
  readonly username: Username;
  readonly name: string;
  readonly role: string | null;
  readonly email: string | null;
  readonly mobile: string | null;
  readonly active: boolean;
  readonly permissions: readonly string[];
  readonly doctor: boolean;
  /** Other names that a booking may use for this doctor. */
  readonly doctorIds: readonly string[];
  readonly locations: readonly string[];
  readonly preferences: Preferences;
}

export interface SecurityGroup {
  readonly id: SecurityGroupId;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly members: readonly Username[];
}

/** What a custom group is made of. Custom groups may contain custom groups, never in a circle. */
export interface Selection {
  readonly users: readonly Username[];
  readonly securityGroups: readonly SecurityGroupId[];
  readonly customGroups: readonly ConversationId[];
}

export interface CustomGroup extends Selection {
  readonly id: ConversationId;
  /** null: named after its members. */
  readonly name: string | null;
  readonly createdBy: Username;
}

/** Everything that rules may ask about people and groups. */
export interface Directory {
  readonly users: ReadonlyMap<Username, User>;
  readonly securityGroups: ReadonlyMap<SecurityGroupId, SecurityGroup>;
  readonly customGroups: ReadonlyMap<ConversationId, CustomGroup>;
}

export const CONVERSATION_KINDS = [
  "alerts",
  "arrivals",
  "individual",
  "group",
  "custom",
  "control",
  "admin",
] as const;
export type ConversationKind = (typeof CONVERSATION_KINDS)[number];

interface ConversationBase {
  readonly id: ConversationId;
  /** Counts changes to the conversation's own record (name, selection). Shown in the room's marker. */
  readonly revision: number;
}

export type Conversation = ConversationBase &
  (
    | { readonly kind: "alerts" | "admin" }
    | { readonly kind: "arrivals" | "control"; readonly user: Username }
    | { readonly kind: "individual"; readonly pair: readonly [Username, Username] }
    | { readonly kind: "group"; readonly securityGroup: SecurityGroupId }
    | { readonly kind: "custom" }
  );

export type CustomGroupEditors = "members" | "creator" | "admins";

/** How names become Matrix ids, and what the practice has set. Plain data from the configuration. */
export interface PracticeSettings {
  readonly serverName: string;
  readonly userPrefix: string;
  readonly bot: UserId;
  readonly practiceName: string;
  readonly customGroupsEditedBy: CustomGroupEditors;
}

/** Content of m.room.power_levels (Matrix spec, client-server API, "m.room.power_levels") with every default. */
export interface PowerLevels {
  readonly ban: number;
  readonly events: Readonly<Record<string, number>>;
  readonly events_default: number;
  readonly invite: number;
  readonly kick: number;
  readonly notifications: { readonly room: number };
  readonly redact: number;
  readonly state_default: number;
  readonly users: Readonly<Record<string, number>>;
  readonly users_default: number;
}

export const MARKER_TYPE = "au.healthtrack.whisper.conversation";
/** In `m.room.create`: the front door let a client make this room with nobody in it yet. */
export const FRONT_DOOR = "au.healthtrack.whisper.front_door";
/** MSC4171: members that clients leave out when they name a room after the people in it. */
export const SERVICE_MEMBERS_TYPE = "io.element.functional_members";

/** The state event that says which conversation a room belongs to: enough to rebuild the database from the rooms. */
export interface Marker {
  readonly kind: ConversationKind;
  readonly id: ConversationId;
  readonly revision: number;
  readonly [key: string]: unknown;
}

/** The room's state events except memberships: by event type, with an empty state key. */
export type RoomState = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The whole room as it should be. */
export interface ExpectedRoom {
  readonly conversation: Conversation;
  /** Tells the bot, our own accounts and strangers apart when comparing the room with the actual one. */
  readonly settings: PracticeSettings;
  /** By event type, with an empty state key. Null: there must be no such event, or it must be empty. */
  readonly state: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;
  /** Types of state that the room's editors may set too: their choice is right, and ours only applies until then. */
  readonly editable: ReadonlySet<string>;
  /** Who must be joined, including the bot and standing group handles. Nobody else may be joined or invited. */
  readonly members: ReadonlySet<UserId>;
  /** Users whose m.direct account data must list the room, each under the other user's id. */
  readonly direct: ReadonlyMap<UserId, UserId>;
}

export type Membership = "join" | "invite" | "leave" | "ban" | "knock";

export interface ActualMember {
  readonly membership: Membership;
  /** The user has left and was made to forget the room: only gated endpoints still serve it to them. */
  readonly forgotten: boolean;
}

/** The room as it is, from the mirror. */
export interface ActualRoom {
  readonly roomId: RoomId;
  readonly version: string;
  readonly creator: UserId | null;
  readonly state: RoomState;
  readonly members: ReadonlyMap<UserId, ActualMember>;
  /** Users whose m.direct already lists the room. */
  readonly direct: ReadonlySet<UserId>;
}

/** One step towards the expected room. Steps must be taken in order. */
export type Step =
  | { readonly step: "create"; readonly expected: ExpectedRoom }
  | { readonly step: "join"; readonly user: UserId }
  /** The room can never be repaired (encrypted, wrong version, tombstoned, the bot without power): make a new one. */
  | { readonly step: "replace"; readonly reason: ReplaceReason }
  | RoomStep;

/** A step that changes an existing room and lets nobody in. */
export type RoomStep =
  /** `reason`: what the user is told, in clients that say more than that they were removed. */
  | { readonly step: "kick"; readonly user: UserId; readonly reason?: string }
  | { readonly step: "unban"; readonly user: UserId }
  | { readonly step: "forget"; readonly user: UserId }
  /** Sent by the bot, or with `as` by this user, who alone can give up a level equal to the bot's. */
  | {
      readonly step: "state";
      readonly type: string;
      readonly content: Readonly<Record<string, unknown>>;
      readonly as?: UserId;
    }
  | { readonly step: "direct"; readonly user: UserId; readonly other: UserId };

export type ReplaceReason =
  | "encrypted"
  | "version"
  | "tombstone"
  | "bot-powerless"
  | "bot-missing"
  | "creator";

/** The answer to "may this be done?": yes, or a sentence for the person who asked. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export const ALLOWED: Verdict = { allowed: true };
export const refused = (reason: string): Verdict => ({ allowed: false, reason });
