//! Images, of layers and descriptions as Docker and others write them.

use super::image::{Image, of_archive};
use super::tests::{gzip, tar};
use crate::dkim::testbed::{pem_of, rsa};

/// An image of three layers, as Docker saves it: a key, a folder with one that is then deleted, and one in a variable.
pub fn saved(layer_form: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let pem = |n: usize| pem_of(&rsa(1024, n), "PKCS#1");
    let long = format!("etc/{}/s2.private", "x".repeat(150));
    let one = tar(&[("etc/passwd", b"root"), ("etc/pmta/s1.pem", pem(0).as_bytes()), (&long, pem(1).as_bytes())]);
    let mut big = vec![b'x'; (1 << 20) - 300];
    big.extend_from_slice(pem_of(&rsa(2048, 1), "PKCS#8").as_bytes());
    let two = tar(&[("etc/pmta/.wh.s1.pem", b""), ("big.bin", &big)]);
    let three = tar(&[("etc/.wh..wh..opq", b"")]);
    let variable = pem_of(&rsa(2048, 0), "PKCS#8").replace('\n', "\\n");
    let config = format!("{{\"config\":{{\"Env\":[\"KEY={variable}\"]}}}}");
    let manifest = r#"[{"Config":"c.json","RepoTags":["a:1"],"Layers":["b/layer.tar","a/layer.tar","0/layer.tar"]}]"#;
    tar(&[
        ("0/layer.tar", &layer_form(&three)),
        ("a/layer.tar", &layer_form(&two)),
        ("a/VERSION", b"1.0"),
        ("b/layer.tar", &layer_form(&one)),
        ("c.json", config.as_bytes()),
        ("manifest.json", manifest.as_bytes()),
    ])
}

#[test]
fn keys_are_found_in_every_layer_also_deleted_ones() {
    let zstd = |bytes: &[u8]| zstd::stream::encode_all(bytes, 1).unwrap();
    for form in [|bytes: &[u8]| bytes.to_vec(), |bytes: &[u8]| gzip(bytes), zstd] {
        let image = of_archive(&saved(form)[..]).unwrap();
        assert_eq!((image.layers, &image.missed[..]), (3, &[][..]));
        let said: Vec<(String, Option<&str>)> = image
            .keys
            .iter()
            .map(|key| (key.place.replace(&"x".repeat(150), "LONG"), key.deleted_in.as_deref()))
            .collect();
        assert_eq!(
            said,
            [
                ("layer 1 of 3: /etc/pmta/s1.pem".to_owned(), Some("layer 2 of 3")),
                ("layer 1 of 3: /etc/LONG/s2.private".to_owned(), Some("layer 3 of 3")),
                ("layer 2 of 3: /big.bin".to_owned(), None),
                ("/c.json (environment or history)".to_owned(), None),
            ]
        );
        let keys = [rsa(1024, 0), rsa(1024, 1), rsa(2048, 1), rsa(2048, 0)].map(|key| key.public());
        assert_eq!(image.keys.iter().map(|key| key.key.clone()).collect::<Vec<_>>(), keys);
    }
    assert!(of_archive(&b"hello"[..]).is_err() && of_archive(&tar(&[("x", b"y")])[..]).is_err());
}

#[test]
fn an_oci_archive_is_read_in_the_order_of_its_manifest() {
    let layers = [tar(&[("s1.key", pem_of(&rsa(1024, 0), "PKCS#8").as_bytes())]), tar(&[(".wh.s1.key", b"")])];
    let manifest = r#"{"schemaVersion":2,"layers":[{"digest":"sha256:ff"},{"digest":"sha256:aa"}]}"#;
    let archive = tar(&[
        ("blobs/sha256/aa", &gzip(&layers[1])),
        ("blobs/sha256/bb", manifest.as_bytes()),
        ("blobs/sha256/ff", &gzip(&layers[0])),
        ("index.json", br#"{"manifests":[{"digest":"sha256:bb"}]}"#),
        ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
    ]);
    let Image { keys, .. } = of_archive(&archive[..]).unwrap();
    assert_eq!(
        (keys.len(), &*keys[0].place, keys[0].deleted_in.as_deref()),
        (1, "layer 1 of 2: /s1.key", Some("layer 2 of 2"))
    );
}

#[test]
fn every_image_of_an_archive_has_its_own_layers() {
    let key = tar(&[("s1.key", pem_of(&rsa(1024, 0), "PKCS#8").as_bytes())]);
    let saved = |first: &str| {
        let manifest = format!(
            r#"[{{"RepoTags":["a:1"],"Layers":["{first}","d/layer.tar"]}},{{"RepoTags":["b:1"],"Layers":["e/layer.tar","l/layer.tar"]}}]"#
        );
        let files =
            [("d/layer.tar", tar(&[(".wh.s1.key", b"")])), ("e/layer.tar", tar(&[])), ("k/layer.tar", key.clone())];
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, &**bytes)).collect();
        let mut archive = tar::Builder::new(Vec::new());
        for (name, bytes) in files.into_iter().chain([("manifest.json", manifest.as_bytes())]) {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, name, bytes).unwrap();
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, "l/layer.tar", "../k/layer.tar").unwrap();
        of_archive(&archive.into_inner().unwrap()[..]).unwrap()
    };
    // The first image deletes the key, the second has it by a link, above a layer that is empty.
    let image = saved("k/layer.tar");
    let keys: Vec<_> = image.keys.iter().map(|key| (&*key.place, key.deleted_in.as_deref())).collect();
    assert_eq!((keys, &image.missed[..]), (vec![("b:1, layer 2 of 2: /s1.key", None)], &[][..]));
    let image = saved("gone/layer.tar");
    assert_eq!(image.missed, ["the layer /gone/layer.tar is not in the archive, or is none"]);
}
