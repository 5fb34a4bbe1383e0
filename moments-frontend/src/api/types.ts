/** The API's types by their names. They are generated from the OpenAPI document. */
export type * from "./generated/schema";
