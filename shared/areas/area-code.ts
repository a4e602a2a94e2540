/**
 * A place that an order or a piece of evidence can name: an ISO 3166-1 alpha-2 country (`PK`), an ISO 3166-2 subdivision
 * (`US-CA`), or a disputed feature in evidence (`disputed:kashmir` never leaves this module's callers unresolved). Only parsers
 * make an `AreaCode`.
 */
declare const areaCode: unique symbol;
export type AreaCode = string & { readonly [areaCode]: true };
