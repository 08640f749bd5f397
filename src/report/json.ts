import type { ScanDocument } from "../findings/document.js";

/** Exactly one document, its keys in the order of its type: the same snapshot gives the same bytes. */
export const renderJson = (document: ScanDocument): string => `${JSON.stringify(document, null, 2)}\n`;
