/**
 * The parameters of the CloudFormation template. Reads the indentation that docker/template.yaml has, because the checkout has
 * no YAML parser before `npm ci`.
 * @param {string} template
 * @returns {Map<string, { readonly required: boolean }>}
 */
export function templateParameters(template) {
  const section = /^Parameters:\n((?: .*\n|\n)*)/m.exec(template)?.[1] ?? "";
  const blocks = section.split(/^(?= {2}\w+:$)/m).filter((block) => /^ {2}\w+:$/m.test(block));
  return new Map(
    blocks.map((block) => [
      /\w+/.exec(block)?.[0] ?? "",
      { required: !/^ {4}Default:/m.test(block) },
    ]),
  );
}
