import { expect } from "chai";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import { SAMPLE_PRACTICE } from "../../../dev/tour/sample-practice.ts";
import { startGreeted } from "../../support/stack/greeted.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { roomOfKind } from "../../support/stack/staff.ts";

describe("The directory", function () {
  this.timeout(180_000);
  let stack: TestStack;

  before(async () => {
    stack = await freshStack();
    await mustCallApi(stack, "PUT", "/api/v1/directory", SAMPLE_PRACTICE);
    await settled(stack);
  });
  after(() => stack?.stop());

  const own = () => ({ token: stack.appserviceToken, path: /^(?!.*\/account\/whoami$)/ });

  it("imported a second time makes no call of the homeserver at all", async () => {
    stack.proxy.forget();
    const answer = await mustCallApi(stack, "PUT", "/api/v1/directory", SAMPLE_PRACTICE);
    await settled(stack);
    expect(answer).to.deep.include({
      users: { created: 0, updated: 0, unchanged: SAMPLE_PRACTICE.users.length, deactivated: 0 },
    });
    expect(stack.proxy.requests(own()).map(({ method, path }) => `${method} ${path}`)).to.deep.equal([]);
  });

  it("imported again after Whisper was started anew makes no call either", async () => {
    await stack.stopWhisper();
    await startGreeted(stack);
    await settled(stack, { gaps: true });
    stack.proxy.forget();
    await mustCallApi(stack, "PUT", "/api/v1/directory", SAMPLE_PRACTICE);
    await settled(stack);
    expect(stack.proxy.requests(own()).map(({ method, path }) => `${method} ${path}`)).to.deep.equal([]);
  });

  it("changes the names, the groups and the rooms of those it says, and of nobody else", async () => {
    const ruby = await stack.signIn("ruby");
    const nurses = await roomOfKind(ruby, "group", "Nurses");
    stack.proxy.forget();
    await mustCallApi(stack, "PUT", "/api/v1/directory", {
      users: SAMPLE_PRACTICE.users.map((user) =>
        user.username === "jack" ? { ...user, name: "Jack Murray-Smith" } : user,
      ),
      security_groups: SAMPLE_PRACTICE.security_groups.map((group) => {
        if (group.id === "Nurses") return { ...group, members: ["jack", "aroha"] };
        return group.id === "Reception" ? { ...group, members: [...group.members, "ruby"] } : group;
      }),
    });
    await ruby.waitUntilRoomIsGone(nurses.roomId);
    const reception = await roomOfKind(ruby, "group", "Reception");
    await settled(stack);
    await ruby
      .until(
        "the new name",
        () =>
          reception.getMembers().length > 0 &&
          ruby.client.getUser(stack.userId("jack"))?.displayName?.includes("Murray-Smith"),
      )
      .catch(async () => {
        // A profile reaches those who share a room. Without one, ask.
        const { displayname } = await ruby.client.getProfileInfo(stack.userId("jack"));
        expect(displayname).to.include("Murray-Smith");
      });
    const accounts = stack.proxy.requests({ ...own(), path: /\/_synapse\/admin\/v2\/users\// });
    const others = accounts.filter(({ path }) => !decodeURIComponent(path).includes("jack"));
    expect(others.map(({ path }) => path)).to.deep.equal([]);
  });

  it("takes somebody out of a group at once, though accounts of the same import are still to be made", async () => {
    const aroha = await stack.signIn("aroha");
    const nurses = await roomOfKind(aroha, "group", "Nurses");
    const registered = stack.proxy.inject({
      when: "before",
      match: { ...own(), method: "PUT", path: /\/_synapse\/admin\/v2\/users\/.*newcomer/ },
      act: async () => {
        await aroha.waitUntilRoomIsGone(nurses.roomId);
        return { kind: "pass" };
      },
    });
    await mustCallApi(stack, "PUT", "/api/v1/directory", {
      users: [
        ...SAMPLE_PRACTICE.users,
        { username: "newcomer", name: "Nia Newcomer", permissions: ["AccessWhisper"] },
      ],
      security_groups: SAMPLE_PRACTICE.security_groups.map((group) =>
        group.id === "Nurses" ? { ...group, members: ["jack", "newcomer"] } : group,
      ),
    });
    await registered.happened;
    await settled(stack);
    const newcomer = await stack.signIn("newcomer");
    expect((await roomOfKind(newcomer, "group", "Nurses")).roomId).to.equal(nurses.roomId);
  });

  it("is refused whole in strict mode when anything in it is wrong, and nothing has changed", async () => {
    // The search for missing events, shortly after the start, is not part of the import.
    await settled(stack, { gaps: true });
    stack.proxy.forget();
    const [first] = SAMPLE_PRACTICE.users;
    const wrong: Record<string, object> = {
      "a username twice": { ...SAMPLE_PRACTICE, users: [...SAMPLE_PRACTICE.users, first] },
      "a group that names an unknown user": {
        ...SAMPLE_PRACTICE,
        security_groups: [...SAMPLE_PRACTICE.security_groups, { id: "X", name: "X", members: ["nobody"] }],
      },
      "a username that cannot be one": {
        ...SAMPLE_PRACTICE,
        users: [...SAMPLE_PRACTICE.users, { ...first, username: "" }],
      },
      "a field that there is not": { ...SAMPLE_PRACTICE, staff: [] },
      "most people gone": { users: [first], security_groups: [] },
    };
    for (const [what, body] of Object.entries(wrong)) {
      const answer = await callApi(stack, "PUT", "/api/v1/directory?strict=true", body);
      expect(answer.status, what).to.be.within(400, 499);
      expect(answer.headers.get("content-type"), what).to.include("application/problem+json");
    }
    await settled(stack);
    expect(stack.proxy.requests(own()).map(({ method, path }) => `${method} ${path}`)).to.deep.equal([]);
  });

  it("is taken where it is good, though one address in it is none", async () => {
    const [first, second, ...others] = SAMPLE_PRACTICE.users;
    const users = [{ ...first, email: "n/a" }, { ...second, name: "Renamed Meanwhile" }, ...others];
    const answer = await mustCallApi(stack, "PUT", "/api/v1/directory", { ...SAMPLE_PRACTICE, users });
    expect(answer).to.have.nested.property("users.updated", 1);
    expect(answer).to.have.nested.property("problems[0].path", "users[0].email");
    const user = (username?: string) => mustCallApi(stack, "GET", `/api/v1/users/${username}`);
    expect(await user(first?.username)).to.include({ email: first?.email, active: true });
    expect(await user(second?.username)).to.include({ name: "Renamed Meanwhile" });
    await settled(stack);
    const renamed = await stack.signIn(second?.username ?? "");
    expect(
      JSON.stringify(await renamed.request("GET", `/_matrix/client/v3/profile/${renamed.userId}`)),
    ).to.include("Renamed Meanwhile");
  });
});
