// What the admin's pages write into the places that the server left for it.

/** What is shown while something is not known. */
export const UNKNOWN = "–";

/** Anything with a text: an element, or what stands for one. */
export interface Place {
  textContent: string | null;
}

/** Writes only what is new, so that the browser has nothing to do for the rest. */
export function write(place: Place | null | undefined, text: string): void {
  if (place && place.textContent !== text) place.textContent = text;
}
