/** Some clients add a variation selector and others do not, and people choose their own skin tone. */
const VARIANTS = /[\ufe0e\ufe0f\u{1f3fb}-\u{1f3ff}]/gu;

/** Do two reactions press the same button, whatever their variation selectors and skin tones? */
export const sameReaction = (one: string, other: string): boolean =>
  one.replace(VARIANTS, "") === other.replace(VARIANTS, "");
