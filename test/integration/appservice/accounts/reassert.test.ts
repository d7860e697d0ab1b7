import { expect } from "chai";
import pino from "pino";
import { reassertNotifications } from "../../../../src/appservice/accounts/reassert.ts";
import {
  type Homeserver,
  HomeserverAway,
  type HomeserverCall,
  MatrixRefused,
} from "../../../../src/appservice/homeserver/homeserver.ts";
import { directorySnapshot } from "../../../../src/directory/snapshot.ts";
import type { UserId } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { settings } from "../../../unit/policy/support/practice.ts";

const NAMES = ["anna", "mia", "zoe"];

describe("everyone's notification settings, set again every hour", () => {
  let database: Database;
  let onCall: (call: HomeserverCall) => void;
  const muted: UserId[] = [];
  const logged: Record<string, unknown>[] = [];
  const homeserver: Homeserver = {
    call: async <T>(call: HomeserverCall) => {
      onCall(call);
      if (call.as !== undefined && call.path.includes("m.rule.master")) muted.push(call.as);
      return {} as T;
    },
  };
  const log = pino({ level: "warn" }, { write: (line: string) => void logged.push(JSON.parse(line)) });

  before(async () => {
    database = await testDatabase();
    await database.query(
      "INSERT INTO users (username, name, permissions) SELECT n, n, '{AccessWhisper}' FROM unnest($1::text[]) AS n",
      [NAMES],
    );
    await database.query(
      "INSERT INTO accounts (user_id, display_name) SELECT '@ht_' || n || ':' || $2, n FROM unnest($1::text[]) AS n",
      [NAMES, settings.serverName],
    );
    await database.query("UPDATE directory_revision SET revision = revision + 1");
  });
  beforeEach(() => {
    muted.length = 0;
    logged.length = 0;
  });
  after(() => database.close());

  const pass = () =>
    reassertNotifications({ database, homeserver, directory: directorySnapshot(database), settings, log });

  it("continue after an account that Synapse refuses, and the log says how many there were, not who", async () => {
    onCall = (call) => {
      if (call.as?.includes("anna"))
        throw new MatrixRefused(call, 403, "M_USER_DEACTIVATED", "Anna was here");
    };
    await pass();
    expect(muted.map((id) => id.slice(4, 7))).to.deep.equal(["mia", "zoe"]);
    expect(logged).to.have.lengthOf(1);
    expect(logged[0]).to.include({ accounts: 1, errcode: "M_USER_DEACTIVATED" });
    expect(JSON.stringify(logged).toLowerCase()).not.to.include("anna");
  });

  it("continue after an ignore list that cannot be read", async () => {
    onCall = (call) => {
      if (call.as?.includes("mia") && call.method === "GET")
        throw new MatrixRefused(call, 403, "M_FORBIDDEN", "");
    };
    await pass();
    expect(muted).to.have.lengthOf(3);
  });

  it("stop while Synapse is down, and are retried with the job", async () => {
    onCall = (call) => {
      throw new HomeserverAway(call, "gone");
    };
    expect(await pass().catch((error: unknown) => error)).to.be.instanceOf(HomeserverAway);
  });
});
