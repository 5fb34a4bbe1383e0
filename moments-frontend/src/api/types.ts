/** The contract's types by their names; generated from the OpenAPI document, never written by hand. */
export type * from "./generated/schema";
