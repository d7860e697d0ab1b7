import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

describe("several groups named like a shipped one", function () {
  this.timeout(30_000);
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
  });
  afterEach(() => api.close());

  const BEN = { name: "Ben Adler", permissions: ["Reports", " whisperadmin"] };
  const putGroup = (id: string, name: string) =>
    api.call("PUT", `/api/v1/security-groups/${id}`, { name, members: ["ben"] });
  const placesOf = ({ body }: { body: { problems?: { path: string }[] } }) =>
    body.problems?.map(({ path }) => path);

  for (const shipped of ["HMS-Administrator", "Default"])
    it(`are reported if one of them is sent alone: ${shipped}`, async () => {
      await api.call("PUT", "/api/v1/users/ben", BEN);
      expect(placesOf(await putGroup("7", shipped))).to.equal(undefined);
      const second = await putGroup("8", shipped.toUpperCase());
      expect(second.status).to.equal(200);
      expect(placesOf(second)).to.deep.equal(["name"]);
      expect(second.body.problems[0].message).to.contain(`Several groups are called ${shipped}`);
      expect(placesOf(await putGroup("9", "Nurses"))).to.equal(undefined);
      expect(placesOf(await putGroup("8", "Others"))).to.equal(undefined);
    });

  it("are reported if an administrator is sent alone, until one has the id or the others are renamed", async () => {
    const put = (user: object = BEN) => api.call("PUT", "/api/v1/users/ben", user);
    await put();
    await putGroup("7", "HMS-Administrator");
    expect(placesOf(await put())).to.equal(undefined);
    await putGroup("8", "hms-administrator");
    expect(placesOf(await put())).to.deep.equal(["permissions[1]"]);
    expect(placesOf(await put({ ...BEN, permissions: [] }))).to.equal(undefined);
    expect(placesOf(await put({ ...BEN, active: false }))).to.equal(undefined);
    await putGroup("HMS-Administrator", "Administrators");
    expect(placesOf(await put())).to.equal(undefined);
  });
});
