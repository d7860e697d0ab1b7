import { z } from "zod";
import { isInConversation } from "../../conversations/record/people-in-rooms.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import { openPatientLink } from "../../patients/patient-links.ts";
import * as words from "../../patients/words.ts";
import type { PracticeSettings, UserId, Username } from "../../policy/model.ts";
import { usernameOf } from "../../policy/names/names.ts";
import { hasAccess } from "../../policy/people/permissions.ts";
import { signalPatientOpen } from "../../signals/patient-open.ts";
import type { Database } from "../../store/database.ts";
import { forbidden, notFound, Problem } from "../kernel/problem.ts";
import { type Route, route } from "../kernel/route.ts";
import { isNavigation } from "./navigation.ts";

export interface PatientLinkRouteDependencies {
  readonly database: Database;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  /** HealthTrack's address of a patient, with {patient_id}; none: there is nowhere to go. */
  readonly patientUrl?: string | undefined;
  /** Whose access token an `Authorization` header has; null: nobody's. */
  readonly userOfToken: (authorization: string) => Promise<UserId | null>;
}

/** Any other text is an unknown link too, and the person who follows it is told so. */
const token = z.string().meta({ jsonSchema: { type: "string", pattern: "^[A-Za-z0-9_-]{32}$" } });

const page = (text: string) => ({ type: "text/plain; charset=utf-8", data: `${text}\n` });

/** For programs that read links (Google, "Robots meta tag"): nothing of this is to be shown anywhere. */
const NOT_FOR_ROBOTS = { "X-Robots-Tag": "noindex, nofollow, noarchive, nosnippet, noimageindex" };

/** Where the links to patients lead: to HealthTrack, which does its own sign-in, or to the person's own desktop. */
export const patientLinkRoutes = (dependencies: PatientLinkRouteDependencies): Route[] => [
  followLink(dependencies),
  openOnDesktop(dependencies),
  route({
    method: "GET",
    path: "/robots.txt",
    scope: "public",
    tag: "Links",
    summary: "Keep robots away",
    responses: { 200: { description: "Nothing here is for robots.", contentType: "text/plain" } },
    handler: async () => ({ status: 200, content: page("User-agent: *\nDisallow: /") }),
  }),
];

const followLink = ({ database, patientUrl }: PatientLinkRouteDependencies): Route =>
  route({
    method: "GET",
    path: "/open/patient/{token}",
    scope: "public",
    tag: "Links",
    summary: "Open a patient's record",
    description:
      "The token reveals nothing about the patient, and expires. HealthTrack requires its own sign-in. Only a person who " +
      "opens the link in a browser is led on: programs that fetch it, for a preview or to check it, get a page that is the " +
      "same for every token.",
    params: z.strictObject({ token }),
    responses: {
      200: { description: "It was not a person in a browser who asked.", contentType: "text/plain" },
      302: { description: "Redirects to HealthTrack." },
      404: { description: "There is no such link.", contentType: "text/plain" },
      410: { description: "The link has expired.", contentType: "text/plain" },
      501: { description: "The practice has not set HealthTrack's address.", contentType: "text/plain" },
    },
    handler: async ({ params }, { method, header }) => {
      const headers = NOT_FOR_ROBOTS;
      if (!isNavigation(method, header)) return { status: 200, headers, content: page(words.openInBrowser) };
      const link = await openPatientLink(database, params.token);
      if (link === "unknown") return { status: 404, headers, content: page(words.unknownLink) };
      if (link === "expired") return { status: 410, headers, content: page(words.expiredLink) };
      if (patientUrl === undefined)
        return { status: 501, headers, content: page(words.openYourself(link.patientId)) };
      const location = patientUrl.replaceAll("{patient_id}", () => encodeURIComponent(link.patientId));
      return {
        status: 302,
        headers: {
          ...headers,
          Location: location,
          "Referrer-Policy": "no-referrer",
          "Cache-Control": "no-store",
        },
      };
    },
  });

const openOnDesktop = ({ database, directory, settings, userOfToken }: PatientLinkRouteDependencies): Route =>
  route({
    method: "POST",
    path: "/open/patient/{token}",
    scope: "public",
    tag: "Links",
    summary: "Open a patient's record on one's own desktop",
    description:
      "For clients that know Whisper, with the person's own Matrix access token as `Authorization: Bearer`. The person's " +
      "desktop gets `patient-open` on its event stream, if it is listening.",
    params: z.strictObject({ token }),
    responses: { 204: { description: "The person's desktop is told." } },
    problems: {
      401: "The access token is missing, or Synapse does not know it.",
      403: "The person is not in the conversation that the link was written in.",
      404: "There is no such link, or it has expired.",
      503: "Synapse does not answer.",
    },
    handler: async ({ params }, { header }) => {
      const authorization = header("authorization");
      if (authorization === undefined) throw new Problem("unauthorized", words.signInFirst);
      const link = await openPatientLink(database, params.token);
      if (typeof link === "string") throw notFound("such link, or it has expired");
      const user = await userOfToken(authorization).catch(() => {
        throw new Problem("unavailable", words.tryAgain, { retryAfter: 10 });
      });
      if (user === null) throw new Problem("unauthorized", words.signInFirst);
      const people = await directory.fresh();
      const username: Username | null = usernameOf(settings, user, people);
      const isReader =
        username !== null &&
        hasAccess(people, username) &&
        (link.conversation === null || (await isInConversation(database, link.conversation, user)));
      if (!isReader) throw forbidden(words.notInConversation);
      await database.transaction((tx) => signalPatientOpen(tx, username, link.patientId));
      return { status: 204 };
    },
  });
