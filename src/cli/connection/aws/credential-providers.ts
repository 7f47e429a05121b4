/** What is used of the SDK's credential providers, named here so that a bundle that loads them on demand carries nothing else. */
export {
  fromContainerMetadata,
  fromHttp,
  fromIni,
  fromInstanceMetadata,
  fromTokenFile,
} from "@aws-sdk/credential-providers";
