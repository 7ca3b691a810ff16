//! Where requests go: a folder with one empty file for each route, named after the container and
//! port. Folders are numbered, and the link `now` names the one that counts.

use super::container_of;
use crate::command::Command;
use std::collections::BTreeMap;

/// The folder of the routes inside the proxy's container, in a volume of its own.
pub const ROUTES: &str = "/config/routes";

/// Where each service's requests go: container and port, by service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// Those of everybody.
    pub all: BTreeMap<String, String>,
    /// Those of some addresses, for a while.
    pub preview: Option<Preview>,
}

/// A way for new releases to meet each other before anybody else is sent to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// The addresses of the new containers that ask.
    pub of: Vec<String>,
    /// Where theirs go: container and port, by service.
    pub upstreams: BTreeMap<String, String>,
}

/// A file among the routes is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no route: wanted `all/SERVICE/CONTAINER:PORT` or `from/ADDRESS/SERVICE/…`")]
pub struct UnknownRoute(String);

/// Lists the files of the folder that counts, without a program beside the shell. Nothing where
/// there never was one; a folder that went meanwhile is not one without routes.
const LIST: &str = r#"cd "$1" 2> /dev/null || exit 0
[ -L now ] || exit 0
cd now || exit 1
for file in all/*/* from/*/*/*; do
  if [ -f "$file" ]; then echo "$file"; fi
done
[ -d all ]"#;

/// Makes the next folder beside the others, and renames a link to it over `now`: what reads at that
/// moment meets the one or the other, whole. Only the one before is kept then.
const SWITCH: &str = r#"set -eu
umask 022
mkdir() { busybox mkdir -p -- "$1"; }
mkdir "$1"
cd "$1"
shift
last=0
for folder in [0-9]*; do
  case $folder in *[!0-9]*) continue ;; esac
  if [ "$folder" -gt "$last" ]; then last=$folder; fi
done
next=$((last + 1))
busybox rm -rf making next
mkdir making/all
for file in "$@"; do
  mkdir "making/${file%/*}"
  : > "making/$file"
done
busybox mv -T making "$next"
busybox ln -s "$next" next
busybox mv -T next now
for folder in [0-9]*; do
  case $folder in "$next" | "$last") ;; *) busybox rm -rf "$folder" ;; esac
done"#;

impl Routes {
    /// Reads back what [`list`] said.
    pub fn parse(listing: &str) -> Result<Self, UnknownRoute> {
        let mut routes = Self::default();
        for line in listing.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split('/').collect::<Vec<_>>().as_slice() {
                ["all", service, upstream] => {
                    routes.all.insert((*service).to_owned(), (*upstream).to_owned());
                }
                ["from", address, service, upstream] => {
                    routes.preview.get_or_insert_default().add(address, service, upstream);
                }
                _ => return Err(UnknownRoute(line.to_owned())),
            }
        }
        Ok(routes)
    }

    /// The files that say it.
    pub fn files(&self) -> Vec<String> {
        let all = self.all.iter().map(|(service, upstream)| format!("all/{service}/{upstream}"));
        let preview = self.preview.iter().flat_map(|preview| {
            let of = |address: &String| {
                let upstreams = preview.upstreams.iter();
                let file = |(service, it)| format!("from/{address}/{service}/{it}");
                upstreams.map(file).collect::<Vec<_>>()
            };
            preview.of.iter().flat_map(of).collect::<Vec<_>>()
        });
        all.chain(preview).collect()
    }

    /// The containers that everybody's requests go to, by service.
    pub fn containers(&self) -> BTreeMap<String, String> {
        let container = |upstream: &String| container_of(upstream).to_owned();
        self.all.iter().map(|(service, it)| (service.clone(), container(it))).collect()
    }

    /// Sends requests by these routes from one moment on. What was begun goes on where it is. The
    /// words are for a program that runs commands where the routes are.
    pub fn switch(&self, place: Command, folder: &str) -> Command {
        place.args(["/bin/sh", "-c", SWITCH, "switch", folder]).args(self.files()).finishes()
    }
}

/// Tells by which routes requests are sent, for [`Routes::parse`].
pub fn list(place: Command, folder: &str) -> Command {
    place.args(["/bin/sh", "-c", LIST, "list", folder])
}

impl Preview {
    fn add(&mut self, address: &str, service: &str, upstream: &str) {
        if !self.of.iter().any(|it| it == address) {
            self.of.push(address.to_owned());
        }
        self.upstreams.insert(service.to_owned(), upstream.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Routes {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
        };
        let all = map(&[("backend", "nutri-backend-r1:3000"), ("ml", "nutri-ml-r1:8000")]);
        let upstreams = map(&[("ml", "nutri-ml-r2:8000")]);
        let of = vec!["172.18.0.9".to_owned()];
        Routes { all, preview: Some(Preview { of, upstreams }) }
    }

    #[test]
    fn routes_read_back_from_their_files() {
        assert_eq!(
            some().files(),
            [
                "all/backend/nutri-backend-r1:3000",
                "all/ml/nutri-ml-r1:8000",
                "from/172.18.0.9/ml/nutri-ml-r2:8000"
            ]
        );
        for routes in [some(), Routes::default()] {
            assert_eq!(Routes::parse(&routes.files().join("\n")), Ok(routes));
        }
    }

    #[test]
    fn what_new_releases_are_shown_of_each_other_is_not_what_serves() {
        assert_eq!(some().containers()["ml"], "nutri-ml-r1");
    }

    #[test]
    fn a_file_that_is_no_route_is_not_left_out() {
        let error = Routes::parse("all/backend/x:1\nall/x").unwrap_err();
        assert_eq!(error, UnknownRoute("all/x".to_owned()));
    }
}
