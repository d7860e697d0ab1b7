/** What the number's last digits mean. Any other number is delivered. */
export const MAGIC = {
  invalid: "+61400000021",
  stopped: "+61400000022",
  landline: "+61400000023",
  unreachable: "+61400000024",
  filtered: "+61400000025",
} as const;
/** Twilio's error codes: those of a refused request, and those that are reported later. */
export const REFUSED: Readonly<Record<string, number>> = {
  [MAGIC.invalid]: 21_211,
  [MAGIC.stopped]: 21_610,
  [MAGIC.landline]: 21_614,
};
export const UNDELIVERED: Readonly<Record<string, number>> = {
  [MAGIC.unreachable]: 30_003,
  [MAGIC.filtered]: 30_007,
};
