// A relay of cursors, with the standard library only: 5 bytes in, and to everybody else in the room 6
// out, the type, the sender's number and the position. The room is the URL's path.
//
// As in the chat of gorilla/websocket's examples, each socket has a goroutine that writes, and a channel
// with what it has to write: a slow reader holds up nobody. With the word "direct", the goroutine that
// received a position writes it to all others itself. That is the cheapest way, and the most that a relay
// of every move can reach, but one slow reader holds up its room.
//
// Usage: relay PORT [direct]
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
)

const (
	binaryFrame, closing, ping, pong = 2, 8, 9, 10 // RFC 6455, section 5.2
	guid                             = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	mostWaiting                      = 256 // frames for one slow reader; what exceeds them is dropped
)

type room struct {
	sync.RWMutex
	members map[*member]struct{}
	next    byte
}

type member struct {
	net.Conn
	id      byte
	waiting chan []byte
}

var (
	roomsLock sync.Mutex
	rooms     = map[string]*room{}
	direct    = len(os.Args) > 2 && os.Args[2] == "direct"
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
	if !direct {
		go me.write()
	}
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
	me := &member{Conn: conn, id: home.next, waiting: make(chan []byte, mostWaiting)}
	home.next++
	home.members[me] = struct{}{}
	return home, me
}

func (home *room) leave(me *member) {
	home.Lock()
	delete(home.members, me)
	close(me.waiting)
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
			frame := append([]byte{0x80 | binaryFrame, 6, 2, me.id}, payload[1:5]...)
			home.RLock()
			for peer := range home.members {
				if peer != me {
					peer.send(frame)
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

func (m *member) send(frame []byte) {
	if direct {
		m.Write(frame)
		return
	}
	select {
	case m.waiting <- frame:
	default:
	}
}

// Write what waits, all of it at a time.
func (m *member) write() {
	var together []byte
	for frame := range m.waiting {
		together = append(together[:0], frame...)
		for n := len(m.waiting); n > 0; n-- {
			together = append(together, <-m.waiting...)
		}
		m.Write(together)
	}
}
