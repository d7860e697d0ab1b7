import { expect } from "chai";
import { tellOfProblems } from "../../../src/conversations/directory-problems.ts";
import type { DirectoryProblem } from "../../../src/directory/input/record.ts";
import type { Database } from "../../../src/store/database.ts";
import { testDatabase } from "../../support/database/postgres.ts";

const email = (index: number): DirectoryProblem => ({
  path: `users[${index}].email`,
  message: "Must be an email address, or left out",
  kept: "as known",
  about: "Ben Adler",
});
const member: DirectoryProblem = {
  path: "security_groups[0].members[3]",
  message: "Must be the username of a user",
  kept: "left out",
};

describe("problems in the directory, in the admin room", function () {
  this.timeout(30_000);
  let database: Database;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(() => database.close());

  const tell = (...problems: DirectoryProblem[]) =>
    database.transaction((tx) => tellOfProblems(tx, problems));
  const said = async () =>
    (
      await database.query<{ body: string; kind: string }>(
        `SELECT o.content->>'body' AS body, c.kind FROM outbox o JOIN conversations c ON c.id = o.conversation_id ORDER BY seq`,
      )
    ).rows;

  it("are one message per import, with names and what to do", async () => {
    await tell(email(3), member);
    const [message, ...others] = await said();
    expect(others).to.deep.equal([]);
    expect(message?.kind).to.equal("admin");
    expect(message?.body).to.match(/Everything else was taken. Correct these in HealthTrack:/);
    expect(message?.body).to.include(
      "• Ben Adler, email: Must be an email address, or left out. It stays as it was.",
    );
    expect(message?.body).to.include(
      "• security_groups[0].members[3]: Must be the username of a user. It was left out.",
    );
  });

  it("are not repeated every night, wherever they are in the list", async () => {
    await tell(email(3), member);
    await tell(member, email(3));
    await tell(email(7), member);
    expect(await said()).to.have.length(1);
    await tell(email(7));
    expect(await said()).to.have.length(2);
  });

  it("are repeated after a week, and reported once more when they are gone", async () => {
    await tell(email(3));
    await database.query("UPDATE directory_problems SET told_at = now() - interval '8 days'");
    await tell(email(3));
    await tell();
    await tell();
    const bodies = (await said()).map(({ body }) => body);
    expect(bodies).to.have.length(3);
    expect(bodies[2]).to.match(/in order again/);
    await tell(email(3));
    expect(await said()).to.have.length(4);
  });

  it("cause no message while there are none", async () => {
    await tell();
    expect(await said()).to.deep.equal([]);
  });

  it("are at most twenty lines", async () => {
    await tell(...Array.from({ length: 500 }, (_, index) => ({ ...email(index), about: `Person ${index}` })));
    expect((await said())[0]?.body.split("\n")).to.have.length(22);
  });
});
