//! Which layers an image is made of, and in which order: one archive may hold many images, as `docker save a b` writes
//! them, and images may share layers.

use std::collections::BTreeMap;

use serde_json::Value;

/// An image of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// `app:1`; none where the archive does not say.
    pub name: Option<String>,
    /// The paths of its layers in the archive, the lowest first.
    pub layers: Vec<String>,
}

/// The images that descriptions tell of, by their paths: Docker's manifest.json, and the manifests of OCI with their index.
pub fn layouts(descriptions: &BTreeMap<String, Value>) -> Vec<Layout> {
    let mut layouts: Vec<Layout> = Vec::new();
    let mut add = |name: Option<&str>, layers: Vec<String>| {
        // Attestations of a build stand where layers do, and are descriptions.
        let layers: Vec<String> = layers.into_iter().filter(|path| !descriptions.contains_key(path)).collect();
        let name = name.map(str::to_owned);
        match layouts.iter_mut().find(|known| known.layers == layers) {
            _ if layers.is_empty() => {}
            Some(known) => known.name = known.name.take().or(name),
            None => layouts.push(Layout { name, layers }),
        }
    };
    for image in descriptions.values().filter_map(Value::as_array).flatten() {
        let paths = image.get("Layers").and_then(Value::as_array).into_iter().flatten();
        let name = image.get("RepoTags").and_then(|tags| tags.get(0)?.as_str());
        add(name, paths.filter_map(Value::as_str).map(clean).collect());
    }
    let names = names_of_indexes(descriptions);
    for (path, manifest) in descriptions {
        let layers = manifest.get("layers").and_then(Value::as_array).into_iter().flatten();
        add(names.get(path).copied(), layers.filter_map(blob).collect());
    }
    layouts
}

/// The names that indexes give to manifests, by the path of the manifest (OCI, image-layout.md and annotations.md).
fn names_of_indexes(descriptions: &BTreeMap<String, Value>) -> BTreeMap<String, &str> {
    let manifests = descriptions.values().filter_map(|value| value.get("manifests")?.as_array()).flatten();
    manifests
        .filter_map(|manifest| {
            let notes = manifest.get("annotations")?;
            let name = notes.get("io.containerd.image.name").or_else(|| notes.get("org.opencontainers.image.ref.name"));
            Some((blob(manifest)?, name?.as_str()?))
        })
        .collect()
}

/// The path of what a descriptor is about: `sha256:ff` is at `/blobs/sha256/ff`.
fn blob(descriptor: &Value) -> Option<String> {
    let (kind, hash) = descriptor.get("digest")?.as_str()?.split_once(':')?;
    Some(format!("/blobs/{kind}/{hash}"))
}

/// A path from the root, without what stands for here, and for the folder above.
pub fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.iter().fold(String::new(), |path, part| path + "/" + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_its_name_and_its_layers_in_order() {
        let manifest = |layers: &[&str]| {
            let layers: Vec<_> = layers.iter().map(|layer| format!("{{\"digest\":\"sha256:{layer}\"}}")).collect();
            format!("{{\"layers\":[{}]}}", layers.join(","))
        };
        let read = |files: &[(&str, &str)]| -> Vec<String> {
            let files = files.iter().map(|(path, text)| (clean(path), serde_json::from_str(text).unwrap()));
            let say = |layout: &Layout| format!("{:?} {}", layout.name, layout.layers.join(" "));
            layouts(&files.collect()).iter().map(say).collect()
        };
        let docker = r#"[{"RepoTags":["app:1"],"Layers":["b/layer.tar","a/layer.tar"]},{"RepoTags":null,"Layers":["b/layer.tar"]}]"#;
        let expected = ["Some(\"app:1\") /b/layer.tar /a/layer.tar", "None /b/layer.tar"];
        assert_eq!(read(&[("manifest.json", docker)]), expected);
        // Docker writes both forms; an index may stand in an index; an attestation is no image.
        let both = r#"[{"RepoTags":["app:2"],"Layers":["blobs/sha256/b1","blobs/sha256/a1"]}]"#;
        let index = r#"{"manifests":[{"digest":"sha256:m1","annotations":{"io.containerd.image.name":"docker.io/app:2"}},{"digest":"sha256:m2","annotations":{"org.opencontainers.image.ref.name":"v3"}},{"digest":"sha256:m3"}]}"#;
        let files = [
            ("manifest.json", both),
            ("index.json", index),
            ("blobs/sha256/m1", &*manifest(&["b1", "a1"])),
            ("blobs/sha256/m2", &*manifest(&["b1"])),
            ("blobs/sha256/m3", &*manifest(&["proof"])),
            ("blobs/sha256/proof", "{}"),
        ];
        assert_eq!(
            read(&files),
            ["Some(\"app:2\") /blobs/sha256/b1 /blobs/sha256/a1", "Some(\"v3\") /blobs/sha256/b1"]
        );
    }

    #[test]
    fn paths_are_cleaned() {
        for (path, expected) in [("a/./b", "/a/b"), ("a/../b", "/b"), ("../../x", "/x"), ("//", "")] {
            assert_eq!(clean(path), expected);
        }
    }
}
