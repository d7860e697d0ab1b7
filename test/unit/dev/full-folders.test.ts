import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { fullFolders } from "../../../dev/lint/full-folders.ts";

describe("the check of full folders", () => {
  let root: string;
  const fill = (folder: string, files: number) => {
    mkdirSync(join(root, folder), { recursive: true });
    for (let each = 0; each < files; each += 1) writeFileSync(join(root, folder, `${each}.ts`), "");
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "whisper-folders-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("accepts twenty files", () => {
    fill("src/store", 20);
    expect(fullFolders(root, ["src"])).to.deep.equal([]);
  });

  it("names a folder with twenty-one files, however deep it is", () => {
    fill("src/conversations/list", 21);
    expect(fullFolders(root, ["src"])).to.deep.equal([
      "src/conversations/list has 21 files, and 20 are the most: sort them into sub-folders",
    ]);
  });

  it("counts only a folder's own files", () => {
    fill("src/api", 20);
    fill("src/api/routes", 20);
    expect(fullFolders(root, ["src"])).to.deep.equal([]);
  });

  it("looks in every folder that it is given", () => {
    fill("src", 21);
    fill("test", 22);
    expect(fullFolders(root, ["src", "test"])).to.have.lengthOf(2);
  });
});
