import { z } from "zod";
import { PERMISSION, type SecurityGroupId, type Username } from "../../policy/model.ts";
import { sameName } from "../../policy/names/spelling.ts";
import { orLeftOut, orStanding } from "./left-out.ts";
import { boundedList, listOfRecords } from "./list-schema.ts";
import { displayNameSchema, emailOrBlank, filled, oneLine, orNone, visibleName } from "./text-schema.ts";

/** HealthTrack's users and security groups as sent. Checks each field by itself. */

/** Far above any practice. They limit what one request can cost. */
export const MOST = { users: 20_000, groups: 10_000, ofOneUser: 1_000 } as const;

/** A user name or id in HealthTrack: any text. */
export const username = () =>
  filled(255)
    .transform((text) => text as Username)
    .describe("the user name in HealthTrack, exactly as there");
export const groupId = () =>
  filled(255)
    .transform((text) => text as SecurityGroupId)
    .describe("the id of the security group in HealthTrack");

const flag = (standing: boolean) => orStanding(z.boolean(), standing);

/** A list without order. A repeated item counts once; a blank one, or null, counts as none. */
const codes = () => orStanding(boundedList(orNone(oneLine(255)), MOST.ofOneUser).transform(distinct), []);
const distinct = (items: readonly (string | null)[]): string[] => [
  ...new Set(items.filter((item) => item !== null)),
];

const KNOWN_PERMISSIONS = Object.values(PERMISSION);

/** Permissions that have a meaning are recognised in any spelling. */
const permission = () =>
  oneLine(255).transform((text) => KNOWN_PERMISSIONS.find((known) => sameName(known, text)) ?? text);
/** A list of blanks alone is not a list of permissions: if it counted as empty, it would sign people out. */
const permissions = () =>
  boundedList(orNone(permission()), MOST.ofOneUser)
    .meta({ listOf: filled(255), maxItems: MOST.ofOneUser })
    .transform((items, context) => {
      const named = distinct(items);
      if (named.length === 0 && items.length > 0)
        context.addIssue({
          code: "custom",
          message: "Must name permissions, or be an empty list",
          input: null,
        });
      return named;
    });

const userFields = {
  name: visibleName(255).describe("as colleagues know them"),
  role: orNone(displayNameSchema(255)).describe("shown after the name"),
  email: orNone(emailOrBlank()),
  mobile: orNone(oneLine(64)).describe("as HealthTrack has it; SMS go here"),
  active: flag(true).describe("an inactive user is in no conversation and cannot sign in"),
  permissions: orStanding(permissions(), []).describe(
    "AccessWhisper and WhisperAdmin mean something; others are kept",
  ),
  doctor: flag(false).describe("sees patients, and so gets Patient Arrived Alerts unless set otherwise"),
  doctor_ids: codes().describe(
    "what else the doctor of a booking may call them, such as HealthTrack's internal doctor id or a provider number; " +
      "nobody is found by an id that two users have",
  ),
  locations: codes().describe("where they work; for alerts about their locations' patients"),
};

export const userSchema = z.strictObject({ username: username(), ...userFields }).meta({ id: "User" });
/** For an address that already names the user. */
export const userByNameSchema = z
  .strictObject({ username: orLeftOut(username()), ...userFields })
  .meta({ id: "UserWithoutName" });

const groupFields = {
  name: visibleName(255).describe("shown in people search as `Name (group)`"),
  permissions: orLeftOut(permissions()).describe(
    "none unless sent; the group Default has AccessWhisper unless these are sent, be it an empty list",
  ),
  members: orLeftOut(
    boundedList(username(), MOST.users).transform((members) => [...new Set(members)]),
  ).describe("user names, each of a user of the directory; left out: as known"),
};

export const groupSchema = z.strictObject({ id: groupId(), ...groupFields }).meta({ id: "SecurityGroup" });
export const groupByIdSchema = z
  .strictObject({ id: orLeftOut(groupId()), ...groupFields })
  .meta({ id: "SecurityGroupWithoutId" });

export const directorySchema = z
  .strictObject({
    users: listOfRecords(userSchema, MOST.users).describe(
      "everyone; people who are not in the list become inactive",
    ),
    security_groups: listOfRecords(groupSchema, MOST.groups).describe(
      "all groups; who is not here is deleted",
    ),
  })
  .meta({ id: "Directory" });

/** A user as sent, checked, with the defaults filled in. */
export type SentUser = z.output<typeof userSchema>;
export type SentGroup = z.output<typeof groupSchema>;
/** A directory of which only the shape has been checked. */
export type SentDirectory = z.output<typeof directorySchema>;
