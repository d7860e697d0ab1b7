import { z } from "zod";
import type { SecurityGroupId, Username } from "../policy/model.ts";
import { list } from "./list-schema.ts";

/** HealthTrack's users and security groups as they are sent. Every field is checked here, by itself. */

const oneLine = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, "Must be one line, without control characters");
const filled = (longest: number) => oneLine(longest).regex(/\S/, "Must not be empty");

/** A user name or id in HealthTrack: any text. */
export const username = () =>
  filled(255)
    .transform((text) => text as Username)
    .describe("the user name in HealthTrack, exactly as there");
export const groupId = () =>
  filled(255)
    .transform((text) => text as SecurityGroupId)
    .describe("the id of the security group in HealthTrack");

const EMAIL = z.email();
/** HealthTrack leaves what is not known out, or sends null or an empty text. */
const unlessEmpty = <S extends z.ZodType<string>>(schema: S) =>
  schema
    .nullish()
    .transform((value): string | null =>
      value === undefined || value === null || value === "" ? null : value,
    );

/** A list of names without order: sent twice counts once. */
const names = <S extends z.ZodType<string>>(each: S, longest: number) =>
  list(each, longest).transform((names) => [...new Set(names)]);

/** Far above any practice; they bound what one request can cost. */
export const MOST = { users: 20_000, groups: 10_000, ofOneUser: 1_000 } as const;

const userFields = {
  name: filled(255).describe("as colleagues know them"),
  role: unlessEmpty(oneLine(255)).describe("shown after the name"),
  email: unlessEmpty(
    oneLine(254).refine((text) => text === "" || EMAIL.safeParse(text).success, "Must be an e-mail address"),
  ),
  mobile: unlessEmpty(oneLine(64)).describe("as HealthTrack has it; SMS go here"),
  active: z.boolean().default(true).describe("who is not active is in no conversation and cannot sign in"),
  permissions: names(filled(255), MOST.ofOneUser)
    .default([])
    .describe("AccessWhisper and WhisperAdmin mean something; others are kept"),
  doctor: z
    .boolean()
    .default(false)
    .describe("sees patients, so gets Patient Arrived Alerts unless set otherwise"),
  locations: names(filled(255), MOST.ofOneUser)
    .default([])
    .describe("where they work; for alerts about their locations' patients"),
};

export const userSchema = z.strictObject({ username: username(), ...userFields }).meta({ id: "User" });
/** Under an address that names the user already. */
export const userByNameSchema = z
  .strictObject({ username: username().optional(), ...userFields })
  .meta({ id: "UserWithoutName" });

const groupFields = {
  name: filled(255).describe("shown in people search as `Name (group)`"),
  permissions: names(filled(255), MOST.ofOneUser)
    .optional()
    .describe(
      "none unless sent; the group Default has AccessWhisper unless these are sent, be it an empty list",
    ),
  members: names(username(), MOST.users).default([]).describe("user names, each of a user of the directory"),
};

export const groupSchema = z.strictObject({ id: groupId(), ...groupFields }).meta({ id: "SecurityGroup" });
export const groupByIdSchema = z
  .strictObject({ id: groupId().optional(), ...groupFields })
  .meta({ id: "SecurityGroupWithoutId" });

export const directorySchema = z
  .strictObject({
    users: list(userSchema, MOST.users).describe("everybody; who is not here becomes inactive"),
    security_groups: list(groupSchema, MOST.groups).describe("all groups; who is not here is deleted"),
  })
  .meta({ id: "Directory" });

/** A user as sent, checked, with the defaults filled in. */
export type SentUser = z.output<typeof userSchema>;
export type SentGroup = z.output<typeof groupSchema>;
export type SentDirectory = z.output<typeof directorySchema>;
