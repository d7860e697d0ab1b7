import { z } from "zod";
import { username } from "../../directory/input/schema.ts";
import type { IssueSignIn, SignInRefusal } from "../../directory/sign-in.ts";
import type { PracticeSettings } from "../../policy/model.ts";
import { userIdOf } from "../../policy/names/names.ts";
import { happening } from "../../record/acting.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Database } from "../../store/database.ts";
import { recordOf } from "../kernel/actor.ts";
import { notFound, Problem } from "../kernel/problem.ts";
import { type Route, route } from "../kernel/route.ts";

export interface SignInRouteDependencies {
  readonly issueSignIn: IssueSignIn;
  readonly database: Database;
  readonly settings: PracticeSettings;
  readonly record: Recorder;
}

export function signInRoutes({ issueSignIn, database, settings, record }: SignInRouteDependencies): Route[] {
  return [
    route({
      method: "POST",
      path: "/api/v1/users/{username}/sign-in",
      scope: "users:write",
      tag: "Users",
      summary: "Make a sign-in link",
      description:
        "Makes a link that opens the practice's client signed in as the user. It works once. The token also works as `m.login.token` in any Matrix client.",
      params: z.strictObject({ username: username() }),
      responses: {
        200: {
          description: "The link. Anyone who has it can use it once, until it expires.",
          body: z.strictObject({
            login_token: z.string(),
            url: z.string(),
            expires_in: z.int().min(0).describe("seconds"),
          }),
          example: {
            login_token: "syl_…",
            url: "https://chat.practice.example/sign-in?token=syl_…",
            expires_in: 120,
          },
        },
      },
      problems: {
        403: "The user does not have AccessWhisper, is inactive, or someone deactivated, locked, suspended or shadow-banned the account in Synapse.",
        404: "There is no such user.",
        429: "A user may get one link a minute. Or the API key is sending requests too fast.",
        503: "The homeserver or the database does not answer.",
      },
      handler: async ({ params }, { caller }) => {
        const issued = await issueSignIn(params.username);
        if ("refused" in issued) throw problemOf(issued);
        // Before anyone has the link.
        await database.transaction((tx) =>
          recordOf(record, caller, userIdOf(settings, params.username)).write(tx, [
            happening("sign_in", `user:${params.username}`, { link_expires_in: issued.expires_in }),
          ]),
        );
        return { status: 200, body: issued };
      },
    }),
  ];
}

const BLOCKED = {
  deactivated:
    "This person's account is deactivated in Synapse. Ask whoever looks after the server to reactivate it. Their conversations are kept.",
  locked:
    "This person's account is locked in Synapse, and not by Whisper. Ask whoever looks after the server to unlock it.",
  suspended:
    "This person's account is suspended in Synapse: they could read, but not write. Ask whoever looks after the server to lift the suspension.",
  "shadow-banned":
    "This person's account is shadow-banned in Synapse: nobody would see what they write. Ask whoever looks after the server to lift the ban.",
} satisfies Record<Extract<SignInRefusal, { refused: "blocked" }>["why"], string>;

function problemOf(refusal: SignInRefusal): Problem {
  switch (refusal.refused) {
    case "unknown-user":
      return notFound("such user");
    case "no-access":
      return new Problem(
        "forbidden",
        "This user may not use Whisper: they are inactive or do not have AccessWhisper.",
      );
    case "blocked":
      return new Problem("forbidden", BLOCKED[refusal.why]);
    case "too-soon":
      return new Problem("too-many-requests", "This user got a sign-in link a moment ago.", {
        retryAfter: refusal.retryAfter,
      });
    case "homeserver-down":
      return new Problem("unavailable", "The homeserver does not answer.", {
        retryAfter: refusal.retryAfter ?? 5,
      });
    default:
      return refusal satisfies never;
  }
}
