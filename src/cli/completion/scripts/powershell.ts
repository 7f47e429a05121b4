/** The script for PowerShell. */
export const powershell = String.raw`# Completion of hasura-migrate for PowerShell 5.1 and later. In the file $PROFILE:
#   Invoke-Expression (hasura-migrate completion powershell | Out-String)
Register-ArgumentCompleter -Native -CommandName 'hasura-migrate' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition })
    $words = @($elements | Select-Object -Skip 1 | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value }
        else { $_.Extent.Text }
    })
    $program = $commandAst.CommandElements[0].Extent.Text
    $lines = @(& $program --complete powershell @words "=$wordToComplete" 2>$null)
    # Without an answer, PowerShell completes paths itself.
    if ($lines.Count -lt 2 -or $lines[0] -ne 'words') { return }
    $lines | Select-Object -Skip 1 | ForEach-Object {
        $word, $what = $_ -split [char]9, 2
        if (-not $what) { $what = $word }
        $text = if ($word -match '[^\w.=:/%+-]') {
            "'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($word) + "'"
        } else { $word }
        [System.Management.Automation.CompletionResult]::new($text, $word, 'ParameterValue', $what)
    }
}
`;
