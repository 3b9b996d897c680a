// A relay of cursors, with the standard library only: 5 bytes in, and to everybody else in the room 6
// out, the type, the sender's number and the position. The room is the URL's path.
//
// Usage: relay PORT
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
)

const (
	text, binaryFrame, closing, ping, pong = 1, 2, 8, 9, 10 // RFC 6455, section 5.2
	guid                                   = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	mostWaiting                            = 1 << 20 // bytes for one slow reader; what exceeds them is dropped
)

type room struct {
	sync.RWMutex
	members map[*member]struct{}
	next    byte
}

type member struct {
	net.Conn
	sync.Mutex
	id      byte
	writing bool
	waiting []byte
}

var (
	roomsLock sync.Mutex
	rooms     = map[string]*room{}
)

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(serve)))
}

func serve(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	if key == "" {
		return
	}
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	home, me := enter(r.URL.Path, conn)
	defer home.leave(me)
	sum := sha1.Sum([]byte(key + guid))
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
	home.relay(me, buffered.Reader)
}

func enter(path string, conn net.Conn) (*room, *member) {
	roomsLock.Lock()
	home := rooms[path]
	if home == nil {
		home = &room{members: map[*member]struct{}{}}
		rooms[path] = home
	}
	roomsLock.Unlock()
	home.Lock()
	defer home.Unlock()
	me := &member{Conn: conn, id: home.next}
	home.next++
	home.members[me] = struct{}{}
	return home, me
}

func (home *room) leave(me *member) {
	home.Lock()
	delete(home.members, me)
	home.Unlock()
}

// Read frames until the end, and pass positions on.
func (home *room) relay(me *member, in *bufio.Reader) {
	var head [14]byte
	var payload [125]byte
	for {
		if _, err := io.ReadFull(in, head[:6]); err != nil {
			return
		}
		size := int(head[1] & 0x7F)
		if size > len(payload) || head[1] < 0x80 {
			return
		}
		if _, err := io.ReadFull(in, payload[:size]); err != nil {
			return
		}
		for i := range payload[:size] {
			payload[i] ^= head[2+i%4]
		}
		switch head[0] & 0x0F {
		case binaryFrame:
			if size != 5 || payload[0] != 1 {
				return
			}
			frame := [8]byte{0x80 | binaryFrame, 6, 2, me.id}
			binary.BigEndian.PutUint32(frame[4:], binary.BigEndian.Uint32(payload[1:5]))
			home.RLock()
			for peer := range home.members {
				if peer != me {
					peer.send(frame[:])
				}
			}
			home.RUnlock()
		case ping:
			me.send(append([]byte{0x80 | pong, byte(size)}, payload[:size]...))
		case closing:
			return
		}
	}
}

// Write at once where nobody else does; who does takes along what has come since.
func (m *member) send(frame []byte) {
	m.Lock()
	if m.writing {
		if len(m.waiting)+len(frame) <= mostWaiting {
			m.waiting = append(m.waiting, frame...)
		}
		m.Unlock()
		return
	}
	m.writing = true
	m.Unlock()
	m.Write(frame)
	m.Lock()
	for len(m.waiting) > 0 {
		waiting := m.waiting
		m.waiting = nil
		m.Unlock()
		m.Write(waiting)
		m.Lock()
	}
	m.writing = false
	m.Unlock()
}
