// Package backup writes the data folder of a stopped installation into one archive, and puts it back.
//
// An archive of data holds no key: neither the key file nor rcu.keys, hence no Redis either, whose values are sealed under keys that it
// holds itself and which is derived anyway. So whatever an erasure destroyed stays destroyed, however old an archive is that is put
// back; keys come from the folder that is written over, or from an archive of keys that is kept apart. Every file has a checksum, an
// archive appears whole or not at all, and is read to its end before anything is touched.
package backup
