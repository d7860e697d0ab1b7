import { z } from "zod";
import { PERMISSION, type SecurityGroupId, type Username } from "../../policy/model.ts";
import { sameName } from "../../policy/names/spelling.ts";
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

/** Null counts as left out. */
const flag = (standing: boolean) =>
  z
    .boolean()
    .nullable()
    .default(standing)
    .transform((value) => value ?? standing);

/** A list without order. A repeated item counts once. Null and left out: none. */
const eachOnce = <S extends z.ZodType<string>>(each: S) =>
  boundedList(each, MOST.ofOneUser)
    .nullable()
    .default([])
    .transform((items): z.output<S>[] => [...new Set(items ?? [])]);

/** The same for codes; a blank one counts as none. */
const codes = () => eachOnce(oneLine(255)).transform((items) => items.filter((item) => item !== ""));

const KNOWN_PERMISSIONS = Object.values(PERMISSION);

/** Permissions that have a meaning are recognised in any spelling. */
const permission = () =>
  filled(255).transform((text) => KNOWN_PERMISSIONS.find((known) => sameName(known, text)) ?? text);

const userFields = {
  name: visibleName(255).describe("as colleagues know them"),
  role: orNone(displayNameSchema(255)).describe("shown after the name"),
  email: orNone(emailOrBlank()),
  mobile: orNone(oneLine(64)).describe("as HealthTrack has it; SMS go here"),
  active: flag(true).describe("an inactive user is in no conversation and cannot sign in"),
  permissions: eachOnce(permission()).describe(
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
  .strictObject({ username: username().optional(), ...userFields })
  .meta({ id: "UserWithoutName" });

const groupFields = {
  name: visibleName(255).describe("shown in people search as `Name (group)`"),
  permissions: boundedList(permission(), MOST.ofOneUser)
    .nullish()
    .transform((permissions) => (permissions ? [...new Set(permissions)] : undefined))
    .describe(
      "none unless sent; the group Default has AccessWhisper unless these are sent, be it an empty list",
    ),
  members: boundedList(username(), MOST.users)
    .nullish()
    .transform((members) => (members ? [...new Set(members)] : undefined))
    .describe("user names, each of a user of the directory; left out: as known"),
};

export const groupSchema = z.strictObject({ id: groupId(), ...groupFields }).meta({ id: "SecurityGroup" });
export const groupByIdSchema = z
  .strictObject({ id: groupId().optional(), ...groupFields })
  .meta({ id: "SecurityGroupWithoutId" });

export const directorySchema = z
  .strictObject({
    users: listOfRecords(userSchema, MOST.users).describe("everybody; who is not here becomes inactive"),
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
