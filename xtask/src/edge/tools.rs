//! What the tools on this machine say of themselves.

use crate::edge::shell::Shell;
use xtask_core::check::tools::Tool;

/// What the first of the tool's names that is there says of its version; `None` if it is not here
/// or says nothing.
pub fn answer(shell: &Shell, tool: &Tool) -> Option<String> {
    let name = tool.names.iter().find(|name| shell.find(name).is_some())?;
    let output = shell.observe(&tool.question(name)).ok()?;
    output.succeeded().then(|| output.text() + &output.stderr)
}
