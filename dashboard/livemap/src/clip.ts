// Shortens long names on the map; the whole name stands in the tooltip of its area.

const MOST_CHARACTERS = 14;

/** At most 14 characters, the last an ellipsis where something was cut; never half a character. */
export function clip(text: string): string {
  const characters = Array.from(text);
  if (characters.length <= MOST_CHARACTERS) return text;
  return `${characters.slice(0, MOST_CHARACTERS - 1).join("").trimEnd()}…`;
}
