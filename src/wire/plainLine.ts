const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** As `plainLine`, with the blanks at its ends: for a line that is indented. */
export const steerless = (text: string): string => text.toWellFormed().replace(STEERING, ' ');

/**
 * What somebody else wrote, as one line on a terminal: characters that steer it, end lines or turn the direction of
 * writing are shown as blanks, so that a text cannot pose as a line of the program.
 */
export const plainLine = (text: string): string => steerless(text).trim();
