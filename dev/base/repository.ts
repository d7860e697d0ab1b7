import { resolve } from "node:path";

/** This checkout's folder. */
export const REPOSITORY = resolve(import.meta.dirname, "../..");
