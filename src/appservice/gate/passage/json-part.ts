import { Transform, type TransformCallback } from "node:stream";

/** Replaces the value found. @returns JSON text. */
export type Replace = (json: string) => Promise<string>;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * A stream of one JSON document that replaces the value at `path` (object member names from the top) and passes
 * everything else byte for byte as it comes: a sync of many megabytes is never held in memory. Only the value itself
 * is, up to `most` bytes. Malformed JSON ends the stream with an error.
 */
export class JsonPart extends Transform {
  readonly #path: readonly string[];
  readonly #replace: Replace;
  readonly #most: number;
  /** Open containers outside the value: true for an object. */
  readonly #open: boolean[] = [];
  /** For each open object on the path so far, the name of the member being read. */
  readonly #names: (string | undefined)[] = [];
  #inString = false;
  #escaped = false;
  /** Between `{` or `,` and `:` of an object: a string here is a member's name. */
  #expectsName = false;
  #name: number[] = [];
  /** Inside the value: its bytes, and the nesting depth. Undefined outside. */
  #held: Buffer[] | undefined;
  #heldBytes = 0;
  #heldDepth = 0;
  /** The value comes next. */
  #valueFollows = false;

  constructor(path: readonly string[], replace: Replace, most: number) {
    super();
    this.#path = path;
    this.#replace = replace;
    this.#most = most;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#read(chunk).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    const whole = this.#open.length === 0 && this.#held === undefined && !this.#inString;
    done(whole ? null : new Error("the JSON document broke off"));
  }

  async #read(chunk: Buffer): Promise<void> {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#held !== undefined) {
        if (!this.#valueEndsBefore(byte)) continue;
        this.#hold(chunk.subarray(start, at));
        start = at;
        this.push(await this.#replace(Buffer.concat(this.#held).toString("utf8")));
        this.#held = undefined;
      }
      if (this.#valueFollows && !isSpace(byte)) {
        this.#valueFollows = false;
        if (at > start) this.push(chunk.subarray(start, at));
        start = at;
        this.#held = [];
        this.#heldBytes = 0;
        this.#heldDepth = 0;
        this.#valueEndsBefore(byte);
        continue;
      }
      this.#step(byte);
    }
    const rest = chunk.subarray(start);
    if (rest.length === 0) return;
    if (this.#held === undefined) this.push(rest);
    else this.#hold(rest);
  }

  #hold(bytes: Buffer): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#most)
      throw new Error("the part of the JSON document to replace is too large");
    this.#held?.push(Buffer.from(bytes));
  }

  /** Reads one byte inside the value. @returns true for the first byte after it: `,` or `}`. */
  #valueEndsBefore(byte: number): boolean {
    if (this.#inString) {
      this.#stringByte(byte);
      return false;
    }
    if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#heldDepth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (this.#heldDepth === 0) return true;
      this.#heldDepth--;
    } else if (byte === COMMA && this.#heldDepth === 0) return true;
    return false;
  }

  #stringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  /** Reads one byte outside the value. */
  #step(byte: number): void {
    if (this.#inString) {
      this.#stringByte(byte);
      if (this.#inString && this.#expectsName && this.#onPath()) this.#name.push(byte);
      return;
    }
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        this.#name = [];
        return;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#open.push(byte === OPEN_OBJECT);
        this.#names.push(undefined);
        this.#expectsName = byte === OPEN_OBJECT;
        return;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        if (this.#open.pop() === undefined) throw new Error("the JSON document is not well-formed");
        this.#names.pop();
        this.#expectsName = false;
        return;
      case COMMA:
        this.#expectsName = this.#open.at(-1) === true;
        return;
      case COLON:
        this.#colon();
        return;
      default:
    }
  }

  #colon(): void {
    this.#expectsName = false;
    if (!this.#onPath()) return;
    // Names may be written with escapes: JSON.parse reads all of them.
    this.#names[this.#names.length - 1] = String(JSON.parse(`"${Buffer.from(this.#name).toString("utf8")}"`));
    this.#valueFollows =
      this.#names.length === this.#path.length &&
      this.#names.every((name, depth) => name === this.#path[depth]);
  }

  /** Every open container leads to the value. */
  #onPath(): boolean {
    const depth = this.#open.length;
    if (depth === 0 || depth > this.#path.length) return false;
    for (let above = 0; above < depth - 1; above++)
      if (this.#names[above] !== this.#path[above]) return false;
    return this.#open[depth - 1] === true;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
