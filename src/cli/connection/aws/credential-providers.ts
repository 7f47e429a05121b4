/** The SDK's credential providers in use, listed so that the chunk loaded on demand contains no others. */
export {
  fromHttp,
  fromIni,
  fromInstanceMetadata,
  fromTokenFile,
} from "@aws-sdk/credential-providers";
export {
  getDefaultRoleAssumer,
  getDefaultRoleAssumerWithWebIdentity,
} from "@aws-sdk/nested-clients/sts";
